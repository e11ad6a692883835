package dev.cairn;

import dev.cairn.io.Disk;
import dev.cairn.io.OutputFile;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** Makes the disk of a rank on which a test sees that a call failed. */
final class WatchedDisk {
  private WatchedDisk() {}

  /** What happens when a call of the disk, or of a file of it, has thrown. */
  interface Watcher {
    void failed(IOException failure);
  }

  static Disk local(Watcher watcher) {
    return watched(Disk.class, Disk.local(), watcher);
  }

  private static <T> T watched(Class<T> type, T real, Watcher watcher) {
    Object proxy =
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              try {
                Object result = method.invoke(real, arguments);
                return result instanceof OutputFile file
                    ? watched(OutputFile.class, file, watcher)
                    : result;
              } catch (InvocationTargetException e) {
                if (e.getCause() instanceof IOException failure) {
                  watcher.failed(failure);
                }
                throw e.getCause();
              }
            });
    return type.cast(proxy);
  }
}
