package dev.cairn;

import dev.cairn.io.Disk;
import dev.cairn.io.OutputFile;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** The local disk, as it is over a network or with a quota: errors show when a file is closed. */
final class ClosingFaults {
  private ClosingFaults() {}

  static Disk disk() {
    return proxy(
        Disk.class,
        Disk.local(),
        result -> result instanceof OutputFile file ? failingAtClose(file) : result);
  }

  private static OutputFile failingAtClose(OutputFile file) {
    InvocationHandler handler =
        (self, method, arguments) -> {
          Object result = invoke(file, method, arguments);
          if (method.getName().equals("close")) {
            throw new IOException("No space left on device");
          }
          return result;
        };
    return (OutputFile)
        Proxy.newProxyInstance(
            OutputFile.class.getClassLoader(), new Class<?>[] {OutputFile.class}, handler);
  }

  private interface Wrapping {
    Object around(Object result);
  }

  private static <T> T proxy(Class<T> type, T real, Wrapping wrapping) {
    InvocationHandler handler =
        (self, method, arguments) -> wrapping.around(invoke(real, method, arguments));
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  private static Object invoke(Object real, java.lang.reflect.Method method, Object[] arguments)
      throws Throwable {
    try {
      return method.invoke(real, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
