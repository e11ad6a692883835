package dev.cairn.comm.control;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/**
 * One daemon thread that does all socket work of one rank's control channel, so that no caller's
 * interrupt can close a socket and no slow peer can hold a caller.
 */
public final class EventLoop {
  /** What the loop runs beside its channels; called on the loop's thread only. */
  interface Work {
    /** Does what is due at {@code now} and returns how many nanoseconds until it is due again. */
    long tick(long now);

    /** The loop has ended because of a defect or a lack of memory. */
    void crashed(Throwable cause);
  }

  private static final long LINGER_NANOS = 2_000_000_000L;

  private final Work work;
  private final Selector selector;
  private final Thread thread;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private boolean stopping; // on the loop's thread only
  private long stopNanos;

  EventLoop(String name, Work work) throws IOException {
    this.work = work;
    this.selector = Selector.open();
    this.thread = new Thread(this::run, name);
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Runs a task on the loop's thread, soon; never after the loop has ended. */
  public void execute(Runnable task) {
    tasks.add(task);
    selector.wakeup();
  }

  /** Calls {@code ready} whenever the channel is; before {@link #start} or on the loop's thread. */
  SelectionKey register(SelectableChannel channel, int operations, Runnable ready)
      throws IOException {
    channel.configureBlocking(false);
    return channel.register(selector, operations, ready);
  }

  /**
   * Ends the loop once its channels are closed, at the latest after two seconds, and waits for
   * that. Nothing that was handed to {@link #execute} before is lost.
   */
  public void stop() {
    execute(
        () -> {
          stopping = true;
          stopNanos = System.nanoTime() + LINGER_NANOS;
        });
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true; // Kept for the caller; the loop ends within its linger time.
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      while (true) {
        runTasks();
        long now = System.nanoTime();
        long waitNanos = work.tick(now);
        if (stopping) {
          waitNanos = Math.min(waitNanos, stopNanos - now);
          if (selector.keys().stream().noneMatch(SelectionKey::isValid) || waitNanos <= 0) {
            return;
          }
        }
        select(waitNanos);
      }
    } catch (Throwable cause) { // Also errors: callers must not wait for a thread that is gone.
      work.crashed(cause);
    } finally {
      closeAll();
    }
  }

  private void runTasks() {
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      task.run();
    }
  }

  private void select(long waitNanos) {
    try {
      if (waitNanos <= 0) {
        selector.selectNow();
      } else {
        selector.select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(waitNanos)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    for (SelectionKey key : selector.selectedKeys()) {
      if (key.isValid()) {
        ((Runnable) key.attachment()).run();
      }
    }
    selector.selectedKeys().clear();
  }

  private void closeAll() {
    for (SelectionKey key : List.copyOf(selector.keys())) {
      closeQuietly(key.channel());
    }
    closeQuietly(selector);
  }

  /** Closes what holds no data that could be lost. */
  static void closeQuietly(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception e) {
      System.getLogger(EventLoop.class.getName())
          .log(System.Logger.Level.DEBUG, "close failed: " + closeable, e);
    }
  }
}
