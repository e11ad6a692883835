package dev.cairn.kernels;

import dev.cairn.device.Cuda;
import dev.cairn.kernels.jni.CudaKernels;
import org.bytedeco.javacpp.Loader;

/** Whether the kernels for GPUs can be called. Loaded when first asked for, after CUDA itself. */
final class CudaKernelLibrary {
  private static final String REASON_NOT_LOADED = load();

  private CudaKernelLibrary() {}

  private static String load() {
    String reason = Cuda.reasonNotAvailable().orElse(null);
    if (reason != null) {
      return reason;
    }
    try {
      Loader.load(CudaKernels.class);
      int abi = CudaKernels.cairn_cuda_abi();
      if (abi != CudaKernels.ABI) {
        return "GPU kernels of another version: abi=" + abi + ", expected " + CudaKernels.ABI;
      }
      return null;
    } catch (LinkageError | RuntimeException e) {
      return "GPU kernels not loaded: "
          + String.valueOf(e.getMessage()).lines().findFirst().orElse("")
          + "; is cairn's linux-x86_64-gpu jar on the class path?";
    }
  }

  /** Returns why it is not loaded; null if it is. */
  static String reasonNotLoaded() {
    return REASON_NOT_LOADED;
  }
}
