package dev.cairn.gpu;

import dev.cairn.copy.ThreadShortage;
import dev.cairn.machine.Machine;
import java.io.IOException;

/** Writes buckets in a thread of its own, one after the other. */
final class BucketWriter implements AutoCloseable {
  /** The writing of one bucket. */
  interface Work {
    void run() throws IOException;
  }

  private final Machine machine;
  private int startedIndex = -1;
  private boolean isWriting;
  private Throwable failure;

  BucketWriter(Machine machine) {
    this.machine = machine;
  }

  /**
   * Starts with a bucket, once the one before has been written. If there is no thread for it, it is
   * written before the return.
   */
  void start(int index, Work work) throws IOException {
    await(index - 1);
    startedIndex = index;
    begin();
    try {
      machine.start("cairn-bucket", () -> write(work));
    } catch (OutOfMemoryError e) {
      ThreadShortage.tell("cairn-bucket", 0, 1, e);
      write(work);
    }
  }

  private synchronized void begin() {
    isWriting = true;
  }

  private void write(Work work) {
    Throwable thrown = null;
    try {
      work.run();
    } catch (IOException | RuntimeException | Error e) {
      thrown = e;
    }
    end(thrown);
  }

  private synchronized void end(Throwable thrown) {
    isWriting = false;
    failure = thrown;
    machine.wake(this);
  }

  /**
   * Waits until a bucket has been written.
   *
   * @throws IOException what went wrong with it, or with one before
   */
  void await(int index) throws IOException {
    if (startedIndex < 0 || index < startedIndex) {
      return; // then it was waited for when the one after it was started
    }
    Throwable thrown = awaitEnd();
    if (thrown instanceof IOException e) {
      throw e;
    }
    if (thrown instanceof RuntimeException e) {
      throw e;
    }
    if (thrown instanceof Error e) {
      throw e;
    }
  }

  /** Returns how the last one ended; an interrupt is kept and does not end the wait. */
  private synchronized Throwable awaitEnd() {
    machine.awaitUntil(this, () -> !isWriting);
    return failure;
  }

  /** Waits for what is being written, however that ends. */
  @Override
  public void close() {
    awaitEnd();
  }
}
