package dev.cairn.device;

import dev.cairn.kernels.DeviceKernels;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a machine without an NVIDIA driver says, and that nothing of CUDA is loaded there. */
final class NoCudaProgram {
  private NoCudaProgram() {}

  public static void main(String[] arguments) throws Exception {
    Check.equal(false, Cuda.isAvailable(), "available");
    System.out.println(Cuda.reasonNotAvailable().orElseThrow());
    Check.fails(
        IllegalStateException.class,
        "CUDA is not available: no NVIDIA driver",
        () -> CudaStream.create(Device.cuda(0)));
    Check.equal(
        Cuda.reasonNotAvailable(), DeviceKernels.reasonNotAvailable(), "why there are no kernels");
    for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
      if (line.contains("cuda") && line.contains(".so")) {
        throw new AssertionError("loaded: " + line);
      }
    }
  }
}
