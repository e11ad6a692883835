package dev.cairn.device;

import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;

/** What programs under the emulation check with: they run where JUnit does not. */
public final class Check {
  private Check() {}

  /** Something that may throw. */
  public interface Action {
    /** Does it. */
    void run() throws Exception;
  }

  /** Throws unless both are equal. */
  public static void equal(Object expected, Object actual, String what) {
    if (!Objects.equals(expected, actual)) {
      throw new AssertionError(what + ": actual=" + actual + ", expected " + expected);
    }
  }

  /** Throws unless an action throws a {@code type} whose message contains {@code part}. */
  public static <T extends Throwable> T fails(Class<T> type, String part, Action action) {
    try {
      action.run();
    } catch (Throwable e) {
      if (type.isInstance(e) && e.getMessage().contains(part)) {
        return type.cast(e);
      }
      throw new AssertionError("expected " + type.getSimpleName() + " with: " + part, e);
    }
    throw new AssertionError("nothing was thrown, expected " + type.getSimpleName() + ": " + part);
  }

  /** Ends this JVM, saying where its threads are, unless it ends by itself in time. */
  public static void endsWithin(Duration limit) {
    Thread watch =
        new Thread(
            () -> {
              try {
                Thread.sleep(limit.toMillis());
              } catch (InterruptedException e) {
                return;
              }
              System.out.println("did not end: limitSeconds=" + limit.toSeconds());
              Thread.getAllStackTraces().entrySet().stream()
                  .filter(thread -> thread.getKey().getName().matches("cairn.*|main"))
                  .forEach(
                      thread ->
                          System.out.println(
                              thread.getKey() + " " + Arrays.toString(thread.getValue())));
              Runtime.getRuntime().halt(3);
            },
            "watch");
    watch.setDaemon(true);
    watch.start();
  }

  /** Throws unless everything of CUDA has been given back. */
  public static void nothingIsLeft(String when) {
    if (Emulation.isReplaced()) {
      return; // hardware does not count
    }
    equal(0, Emulation.liveHandles(), "streams and events left " + when);
    equal(0L, Emulation.liveBytes(), "memory left " + when);
  }
}
