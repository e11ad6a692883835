package dev.cairn.kernels;

import dev.cairn.kernels.jni.CpuKernels;
import org.bytedeco.javacpp.Loader;

/**
 * Whether the native kernels can be called.
 *
 * <p>Loaded when first asked for. Nothing may call a native before {@link #isLoaded()} said yes.
 */
final class NativeLibrary {
  private static final String REASON_NOT_LOADED = load();

  private NativeLibrary() {}

  private static String load() {
    try {
      Loader.load(CpuKernels.class);
      // Called whatever load said: it is silent where the library failed to load once before.
      int abi = CpuKernels.cairn_cpu_abi();
      if (abi != CpuKernels.ABI) {
        return "native library of another version: abi=" + abi + ", expected " + CpuKernels.ABI;
      }
      return null;
    } catch (LinkageError | RuntimeException e) {
      // A platform without a library, a jar left out, a libc too old, a cache folder that cannot be
      // written: all have the same way out.
      return "native library not loaded: " + e.getMessage();
    }
  }

  static boolean isLoaded() {
    return REASON_NOT_LOADED == null;
  }

  /** Returns why it is not loaded; null if it is. */
  static String reasonNotLoaded() {
    return REASON_NOT_LOADED;
  }

  /** Returns the best instruction set of this machine. */
  static Isa supported() {
    return Isa.ofCode(CpuKernels.cairn_isa_supported());
  }
}
