package dev.cairn.support;

import dev.cairn.io.Disk;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Arrays;

/** The local disk of another host: what is below one folder here is below another one there. */
public final class RedirectedDisk {
  private RedirectedDisk() {}

  public static Disk local(Path from, Path to) {
    Object proxy =
        Proxy.newProxyInstance(
            Disk.class.getClassLoader(),
            new Class<?>[] {Disk.class},
            (self, method, arguments) -> {
              try {
                Object[] there =
                    Arrays.stream(arguments).map(each -> redirected(each, from, to)).toArray();
                return method.invoke(Disk.local(), there);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
    return (Disk) proxy;
  }

  private static Object redirected(Object argument, Path from, Path to) {
    return argument instanceof Path path && path.startsWith(from)
        ? to.resolve(from.relativize(path))
        : argument;
  }
}
