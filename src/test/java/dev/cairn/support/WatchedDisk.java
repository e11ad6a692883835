package dev.cairn.support;

import dev.cairn.io.Disk;
import dev.cairn.io.OutputFile;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Makes local disks on which a test sees what is called, and what fails. */
public final class WatchedDisk {
  private WatchedDisk() {}

  /** Is told of the calls of a disk and of its files. */
  public interface Watcher {
    /** Before a call; {@code what} is its name and what it is about. */
    default void begins(String what) {}

    /** After a call that has thrown. */
    default void failed(IOException failure) {}
  }

  public static Disk local(Watcher watcher) {
    return watched(Disk.class, Disk.local(), watcher);
  }

  private static <T> T watched(Class<T> type, T real, Watcher watcher) {
    Object proxy =
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              watcher.begins(method.getName() + " " + names(arguments));
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

  /** Returns the last names of the paths among the arguments. */
  private static String names(Object[] arguments) {
    return Stream.of(arguments == null ? new Object[0] : arguments)
        .filter(Path.class::isInstance)
        .map(path -> ((Path) path).getFileName().toString())
        .collect(Collectors.joining(" "));
  }
}
