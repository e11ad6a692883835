package dev.cairn;

import dev.cairn.machine.Machine;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Watches signals of the operating system, until it is closed.
 *
 * <p>A handler that the program had set is called too, at each arrival. The JVM's own, which ends
 * the process, is called if the request is refused, if nothing can come of it any more, and when
 * the signal comes again more than five seconds after the first one: sooner, it is the same
 * request, as Slurm sends TERM, CONT and TERM within milliseconds. The JDK has this under {@code
 * sun.misc} alone.
 */
final class Signals implements AutoCloseable {
  /** What a signal asks for. */
  interface Request {
    /** Returns whether it is taken: if not, the signal does what it did before. */
    boolean make();
  }

  private static final long SAME_REQUEST_NANOS = 5_000_000_000L;
  private static final long PATIENCE_NANOS = 5_000_000_000L;

  private final Request request;
  private final Machine machine;
  private final Class<?> signalType;
  private final Class<?> handlerType;
  private final Method handle;
  private final Object ownHandler;
  private final List<Object> ignored = new ArrayList<>();
  private final Map<Object, Object> previous = new LinkedHashMap<>();
  private final Map<Object, Long> firstNanos = new LinkedHashMap<>();
  private boolean isGivenUp;

  private Signals(Request request, Machine machine) throws ReflectiveOperationException {
    this.request = request;
    this.machine = machine;
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
   * Makes a request at the arrival of one of the signals, on a thread of the JVM's.
   *
   * @param names without SIG, for example TERM
   * @throws IllegalArgumentException if there is no such signal, or the JVM needs it itself
   * @throws IllegalStateException if this JVM cannot watch signals
   */
  static Signals watch(List<String> names, Request request, Machine machine) {
    try {
      Signals signals = new Signals(request, machine);
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
    long now = machine.nanoTime();
    Object before;
    Long first;
    synchronized (previous) {
      before = previous.get(signal);
      first = firstNanos.putIfAbsent(signal, now);
    }
    if (!endsTheJvm(before)) {
      request.make();
      if (isCallable(before)) {
        call(before, signal);
      }
    } else if (first == null ? !request.make() : now - first > SAME_REQUEST_NANOS) {
      call(before, signal);
    }
  }

  private boolean isCallable(Object handler) {
    return handler != null && !ignored.contains(handler);
  }

  private boolean endsTheJvm(Object handler) {
    return isCallable(handler) && handler.getClass().getName().startsWith("sun.misc.");
  }

  private void call(Object handler, Object signal) throws ReflectiveOperationException {
    handlerType.getMethod("handle", signalType).invoke(handler, signal);
  }

  /**
   * Nothing can come of a request any more: a signal that has arrived ends the JVM, unless this is
   * closed within five seconds, as by a trainer that has been told and ends by itself. Returns at
   * once.
   */
  void giveUp() {
    synchronized (previous) {
      if (isGivenUp || firstNanos.isEmpty()) {
        return;
      }
      isGivenUp = true;
    }
    machine.start("cairn-signals", this::handOn);
  }

  private void handOn() {
    long end = machine.nanoTime() + PATIENCE_NANOS;
    Map<Object, Object> handedOn;
    synchronized (previous) {
      try {
        for (long left = PATIENCE_NANOS; left > 0 && !previous.isEmpty(); ) {
          machine.await(previous, 1 + left / 1_000_000);
          left = end - machine.nanoTime();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // Nobody knows this thread: hand on now.
      }
      handedOn = new LinkedHashMap<>(previous);
      handedOn.keySet().retainAll(firstNanos.keySet());
    }
    handedOn.forEach(
        (signal, before) -> {
          try {
            if (endsTheJvm(before)) {
              call(before, signal);
            }
          } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("signal not handed on: " + signal, e);
          }
        });
  }

  /** Puts the handlers back that were there; one that was set since then stays. */
  @Override
  public void close() {
    Map<Object, Object> restored;
    synchronized (previous) {
      restored = new LinkedHashMap<>(previous);
      previous.clear();
      machine.wake(previous);
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
