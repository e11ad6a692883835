package dev.cairn.cli.text;

import java.io.PrintWriter;
import java.time.Duration;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * How far a long task is: a bar with bytes, rate and time left on a terminal, a line every few
 * seconds elsewhere. Any thread.
 */
public sealed interface Progress extends AutoCloseable {
  /** Takes note that this many more bytes are done. */
  void add(long bytes);

  @Override
  void close();

  /** Starts to show a task, in the way that suits where messages go. */
  static Progress start(String task, long totalBytes, boolean quiet, PrintWriter messages) {
    if (quiet) {
      return new Silent();
    }
    return Boolean.getBoolean("cairn.terminal")
        ? Bar.start(task, totalBytes)
        : new Lines(task, totalBytes, messages);
  }

  /** Shows nothing. */
  record Silent() implements Progress {
    @Override
    public void add(long bytes) {}

    @Override
    public void close() {}
  }

  /** A bar that moves. */
  record Bar(ProgressBar bar) implements Progress {
    private static final long MEGABYTE = 1_000_000;

    static Bar start(String task, long totalBytes) {
      return new Bar(
          new ProgressBarBuilder()
              .setTaskName(task)
              .setInitialMax(totalBytes)
              .setUnit(" MB", MEGABYTE)
              .setStyle(ProgressBarStyle.ASCII)
              .showSpeed()
              .setConsumer(new ConsoleProgressBarConsumer(System.err))
              .build());
    }

    @Override
    public void add(long bytes) {
      bar.stepBy(bytes);
    }

    @Override
    public void close() {
      bar.close();
    }
  }

  /** A plain line every few seconds; none for a task that ends before the first. */
  final class Lines implements Progress {
    private static final long INTERVAL_NANOS = Duration.ofSeconds(5).toNanos();

    private final String task;
    private final long totalBytes;
    private final PrintWriter messages;
    private final long startNanos = System.nanoTime();
    private long lastLineNanos = startNanos;
    private long doneBytes;

    Lines(String task, long totalBytes, PrintWriter messages) {
      this.task = task;
      this.totalBytes = totalBytes;
      this.messages = messages;
    }

    @Override
    public synchronized void add(long bytes) {
      doneBytes += bytes;
      long nowNanos = System.nanoTime();
      if (nowNanos - lastLineNanos >= INTERVAL_NANOS) {
        lastLineNanos = nowNanos;
        messages.println(line((nowNanos - startNanos) / 1e9));
      }
    }

    private String line(double seconds) {
      double bytesPerSecond = doneBytes / seconds;
      return "%s: %s of %s, %s/s, %.0f s left"
          .formatted(
              task,
              Amounts.bytes(doneBytes),
              Amounts.bytes(totalBytes),
              Amounts.bytes((long) bytesPerSecond),
              bytesPerSecond > 0 ? (totalBytes - doneBytes) / bytesPerSecond : 0);
    }

    @Override
    public void close() {}
  }
}
