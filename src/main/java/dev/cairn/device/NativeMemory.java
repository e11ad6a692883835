package dev.cairn.device;

import java.lang.System.Logger.Level;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;

/**
 * Whether JavaCPP's own functions on memory can be called. They are part of Cairn's native library,
 * and of JavaCPP's jar of natives, which need not be there.
 */
@Properties({@Platform(library = "jnicairn"), @Platform(extension = "-gpu")})
final class NativeMemory {
  private static final System.Logger LOGGER = System.getLogger(NativeMemory.class.getName());
  private static final boolean AVAILABLE = load();

  private NativeMemory() {}

  private static boolean load() {
    String reason = "";
    try {
      Loader.load(NativeMemory.class);
    } catch (LinkageError | RuntimeException e) {
      reason = e.getMessage(); // JavaCPP's own natives may still be there.
    }
    try {
      Pointer.free(Pointer.malloc(1));
      return true;
    } catch (LinkageError e) {
      LOGGER.log(
          Level.WARNING,
          "host memory comes from the JVM, which limits it (-XX:MaxDirectMemorySize): native"
              + " library not loaded: {0}",
          reason);
      return false;
    }
  }

  static boolean isAvailable() {
    return AVAILABLE;
  }
}
