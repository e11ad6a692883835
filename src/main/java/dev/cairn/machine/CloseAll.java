package dev.cairn.machine;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;

/**
 * Things that were opened one after the other and are closed in reverse, all of them, whatever goes
 * wrong. The first failure is thrown, and the others are suppressed in it. One thread at a time.
 */
public final class CloseAll implements AutoCloseable {
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  public static CloseAll of(AutoCloseable... inOrder) {
    CloseAll closing = new CloseAll();
    for (AutoCloseable one : inOrder) {
      closing.add(one);
    }
    return closing;
  }

  public static CloseAll of(Collection<? extends AutoCloseable> inOrder) {
    CloseAll closing = new CloseAll();
    inOrder.forEach(closing::add);
    return closing;
  }

  public <T extends AutoCloseable> T add(T one) {
    opened.push(one);
    return one;
  }

  /** Closes all because of a failure, which is the one to tell: those of closing are suppressed. */
  public void closeAfter(Throwable failure) {
    Exception first = closeEach();
    if (first != null) {
      failure.addSuppressed(first);
    }
  }

  /** Closes all; for things whose {@code close} throws unchecked exceptions only. */
  @Override
  public void close() {
    Exception first = closeEach();
    if (first != null) {
      throw unchecked(first);
    }
  }

  /** As {@link #close}, for things whose {@code close} may throw an {@link IOException}. */
  public void closeIo() throws IOException {
    Exception first = closeEach();
    if (first instanceof IOException e) {
      throw e;
    }
    if (first != null) {
      throw unchecked(first);
    }
  }

  private static RuntimeException unchecked(Exception failure) {
    return failure instanceof RuntimeException e ? e : new IllegalStateException(failure);
  }

  private Exception closeEach() {
    Exception first = null;
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) { // whatever it is, the rest is closed
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    return first;
  }
}
