package dev.cairn.run;

import dev.cairn.machine.Machine;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Watches signals of the operating system, until it is closed.
 *
 * <p>A handler that the program had set is called too, at each arrival. The JVM's own handler,
 * which ends the process, is called if the request is refused, if the ranks can no longer act on
 * it, and when the signal comes again more than five seconds after the first one: sooner, it is the
 * same request, as Slurm sends TERM, CONT and TERM within milliseconds. The JDK has this under
 * {@code sun.misc} alone.
 */
public final class Signals implements AutoCloseable {
  /** What a signal asks for. */
  public interface Request {
    /** Returns whether it is taken: if not, the signal does what it did before. */
    boolean make();
  }

  private static final long SAME_REQUEST_NANOS = 5_000_000_000L;
  private static final long PATIENCE_NANOS = 5_000_000_000L;

  /** What handled a signal before one that is closed and not yet taken out. */
  private static final Map<Object, Object> POSTPONED = new ConcurrentHashMap<>();

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
  private boolean isClosed;

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
  public static Signals watch(List<String> names, Request request, Machine machine) {
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
      Object postponed = POSTPONED.remove(signal);
      synchronized (previous) {
        previous.put(signal, postponed == null ? before : postponed);
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
    boolean isOver;
    synchronized (previous) {
      before = previous.get(signal);
      first = firstNanos.putIfAbsent(signal, now);
      isOver = isClosed;
    }
    if (!endsTheJvm(before)) {
      if (!isOver) {
        request.make();
      }
      if (isCallable(before)) {
        call(before, signal);
      }
    } else if (first != null ? now - first > SAME_REQUEST_NANOS : isOver || !request.make()) {
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
   * To be called when the ranks can no longer act on a request: a signal that has arrived ends the
   * JVM, unless this is closed within five seconds, as a trainer does that was told and ends by
   * itself. Returns at once.
   */
  public void giveUp() {
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
        for (long left = PATIENCE_NANOS; left > 0 && !isClosed; ) {
          machine.await(previous, 1 + left / 1_000_000);
          left = end - machine.nanoTime();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // A private thread, never interrupted: hand on now.
      }
      if (isClosed) {
        return;
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

  /**
   * Makes no more requests, and puts the handlers back that were there; one that was set since then
   * stays. Where a signal has arrived this waits for the end of the time in which it is the same
   * request: what comes again while the last checkpoint is saved must not end the JVM.
   */
  @Override
  public void close() {
    close(false);
  }

  /**
   * Closes this where another rank's signal may have come first: one that comes here within five
   * seconds is the same request.
   *
   * @param isRequested whether the request has been made, by any rank
   */
  public void close(boolean isRequested) {
    long leftNanos = 0;
    synchronized (previous) {
      if (isClosed) {
        return;
      }
      isClosed = true;
      if (isRequested) {
        long now = machine.nanoTime();
        previous.keySet().forEach(signal -> firstNanos.putIfAbsent(signal, now));
      }
      for (long first : firstNanos.values()) {
        leftNanos = Math.max(leftNanos, first + SAME_REQUEST_NANOS - machine.nanoTime());
      }
      if (leftNanos > 0) {
        POSTPONED.putAll(previous);
      }
      machine.wake(previous);
    }
    if (leftNanos > 0) {
      restoreAt(machine.nanoTime() + leftNanos);
    } else {
      restore();
    }
  }

  private void restoreAt(long time) {
    machine.start(
        "cairn-signals",
        () -> {
          try {
            synchronized (previous) {
              for (long left = 1; left > 0; left = time - machine.nanoTime()) {
                machine.await(previous, 1 + left / 1_000_000);
              }
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // A private thread, never interrupted: restore now.
          }
          restore();
        });
  }

  private void restore() {
    previous.forEach(
        (signal, before) -> {
          try {
            POSTPONED.remove(signal, before);
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
