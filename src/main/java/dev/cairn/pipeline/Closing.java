package dev.cairn.pipeline;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Things that were opened one after the other and are closed in reverse, all of them, whatever goes
 * wrong. Their {@code close} throws unchecked exceptions only.
 */
final class Closing implements AutoCloseable {
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  static Closing of(AutoCloseable... inOrder) {
    Closing closing = new Closing();
    for (AutoCloseable one : inOrder) {
      closing.add(one);
    }
    return closing;
  }

  <T extends AutoCloseable> T add(T one) {
    opened.push(one);
    return one;
  }

  /** Closes all after a failure, which is returned to be thrown. */
  RuntimeException after(RuntimeException failure) {
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
