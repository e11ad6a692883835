package dev.cairn.copy;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Things that were opened one after the other and are closed in reverse, all of them, whatever goes
 * wrong. Their {@code close} throws unchecked exceptions only.
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

  public <T extends AutoCloseable> T add(T one) {
    opened.push(one);
    return one;
  }

  /** Closes all after a failure, which is returned to be thrown. */
  public RuntimeException after(RuntimeException failure) {
    try {
      close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
    return failure;
  }

  @Override
  public void close() {
    RuntimeException first = null;
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        if (first == null) {
          first =
              e instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(e);
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
