package dev.cairn.comm.gloo;

import java.io.IOException;
import java.util.List;
import org.bytedeco.javacpp.Loader;

/**
 * PyTorch's native libraries, loaded so that several processes may do it at once. Any thread.
 *
 * <p>JavaCPP unpacks each library into its cache as it comes to it, and comes to {@code libtorch}
 * before {@code libtorch_cpu}, which the first needs. The first process to use a cold cache fails
 * to load {@code libtorch}, and tries again later; the next one finds the beginning of a {@code
 * libtorch_cpu} that the first is still writing, maps it, and dies of SIGBUS. Here what others need
 * is unpacked first.
 */
public final class TorchNatives {
  private static final String BINDINGS = "org.bytedeco.pytorch.global.torch";

  /** What other libraries need, each after what it needs itself. */
  private static final List<String> NEEDED = List.of("c10", "torch_cpu", "c10_cuda", "torch_cuda");

  private TorchNatives() {}

  /**
   * Loads the libraries, which takes seconds the first time.
   *
   * @throws LinkageError if the bindings or the libraries are missing or do not load
   */
  public static void load() {
    Class<?> bindings = bindings();
    for (String extension : List.of("", "-gpu")) {
      for (String library : NEEDED) {
        unpack(bindings, Loader.getPlatform() + extension + "/lib" + library + ".so");
      }
    }
    Loader.load(bindings);
  }

  private static Class<?> bindings() {
    try {
      return Class.forName(BINDINGS, false, TorchNatives.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw (LinkageError) new NoClassDefFoundError(e.getMessage()).initCause(e);
    }
  }

  /** Returns once the file is whole; JavaCPP's lock sees to it. Does nothing if there is none. */
  private static void unpack(Class<?> bindings, String path) {
    try {
      Loader.cacheResource(bindings, "/org/bytedeco/pytorch/" + path);
    } catch (IOException e) {
      // A cache that cannot be written: the loading that follows finds it too, and says so.
      System.getLogger(TorchNatives.class.getName()).log(System.Logger.Level.DEBUG, path, e);
    }
  }
}
