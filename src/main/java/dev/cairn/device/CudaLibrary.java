package dev.cairn.device;

import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Loader;

/**
 * Whether CUDA can be called. Found out when first asked; before that, and on machines without it,
 * nothing of CUDA is loaded.
 */
final class CudaLibrary {
  private static final String BINDINGS = "org.bytedeco.cuda.global.cudart";
  private static final String DRIVER = "libcuda.so.1";
  private static final String REASON_NOT_LOADED = load();

  private CudaLibrary() {}

  private static String load() {
    try {
      Class.forName(BINDINGS, false, CudaLibrary.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      return "CUDA's bindings are not on the class path: add org.bytedeco:cuda";
    }
    try {
      // The driver first: without it the bindings could not be loaded, and would be unpacked in
      // vain.
      Loader.loadGlobal(DRIVER);
    } catch (LinkageError e) {
      return "no NVIDIA driver: " + firstLine(e);
    }
    try {
      Loader.load(cudart.class);
      return null;
    } catch (LinkageError e) {
      return "CUDA's runtime was not loaded: " + firstLine(e);
    }
  }

  private static String firstLine(Throwable thrown) {
    String message = String.valueOf(thrown.getMessage());
    return message.lines().findFirst().orElse(thrown.toString());
  }

  /** Returns why it is not loaded; null if it is. */
  static String reasonNotLoaded() {
    return REASON_NOT_LOADED;
  }
}
