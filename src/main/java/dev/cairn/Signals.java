package dev.cairn;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Watches signals of the operating system, until it is closed.
 *
 * <p>A handler that the program had set is called too. The JVM's own, which would end the process,
 * is called from a signal's second arrival on. The JDK has this under {@code sun.misc} alone.
 */
final class Signals implements AutoCloseable {
  private final Runnable work;
  private final Class<?> signalType;
  private final Class<?> handlerType;
  private final Method handle;
  private final Object ownHandler;
  private final List<Object> ignored = new ArrayList<>();
  private final Map<Object, Object> previous = new LinkedHashMap<>();
  private final Map<Object, Integer> arrivals = new LinkedHashMap<>();

  private Signals(Runnable work) throws ReflectiveOperationException {
    this.work = work;
    signalType = Class.forName("sun.misc.Signal");
    handlerType = Class.forName("sun.misc.SignalHandler");
    handle = signalType.getMethod("handle", signalType, handlerType);
    ignored.add(handlerType.getField("SIG_DFL").get(null));
    ignored.add(handlerType.getField("SIG_IGN").get(null));
    ownHandler =
        Proxy.newProxyInstance(
            Signals.class.getClassLoader(), new Class<?>[] {handlerType}, this::invoked);
  }

  /**
   * Calls {@code work} at each arrival of one of the signals, on a thread of the JVM's.
   *
   * @param names without SIG, for example TERM
   * @throws IllegalArgumentException if there is no such signal, or the JVM needs it itself
   * @throws IllegalStateException if this JVM cannot watch signals
   */
  static Signals watch(List<String> names, Runnable work) {
    try {
      Signals signals = new Signals(work);
      for (String name : names) {
        signals.watch(name);
      }
      return signals;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          "signals cannot be watched: this JVM lacks the module jdk.unsupported", e);
    }
  }

  private void watch(String name) throws ReflectiveOperationException {
    try {
      Object signal = signalType.getConstructor(String.class).newInstance(name);
      Object before = handle.invoke(null, signal, ownHandler);
      synchronized (previous) {
        previous.put(signal, before);
      }
    } catch (java.lang.reflect.InvocationTargetException e) {
      close();
      throw new IllegalArgumentException(
          "signal cannot be watched: signal=%s, %s".formatted(name, e.getCause().getMessage()), e);
    }
  }

  private Object invoked(Object proxy, Method method, Object... arguments)
      throws ReflectiveOperationException {
    return switch (method.getName()) {
      case "handle" -> {
        arrived(arguments[0]);
        yield null;
      }
      case "equals" -> proxy == arguments[0];
      case "hashCode" -> System.identityHashCode(proxy);
      default -> "cairn";
    };
  }

  private void arrived(Object signal) throws ReflectiveOperationException {
    Object before;
    int count;
    synchronized (previous) {
      before = previous.get(signal);
      count = arrivals.merge(signal, 1, Integer::sum);
    }
    boolean isCallable = before != null && !ignored.contains(before);
    boolean endsTheJvm = isCallable && before.getClass().getName().startsWith("sun.misc.");
    if (count == 1 || !endsTheJvm) {
      work.run();
    }
    if (isCallable && (count > 1 || !endsTheJvm)) {
      handlerType.getMethod("handle", signalType).invoke(before, signal);
    }
  }

  /** Puts the handlers back that were there; one that was set since then stays. */
  @Override
  public void close() {
    Map<Object, Object> restored;
    synchronized (previous) {
      restored = new LinkedHashMap<>(previous);
      previous.clear();
    }
    restored.forEach(
        (signal, before) -> {
          try {
            Object current = handle.invoke(null, signal, before);
            if (current != ownHandler) {
              handle.invoke(null, signal, current);
            }
          } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("signal handler not restored: " + signal, e);
          }
        });
  }
}
