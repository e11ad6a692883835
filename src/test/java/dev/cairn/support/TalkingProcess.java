package dev.cairn.support;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A process and the lines that it has printed, to either output; killed when closed. */
public class TalkingProcess implements AutoCloseable {
  private static final long CHILDREN_MILLIS = 10_000; // which may print when it has ended

  private final Process process;
  private final Thread reader;
  private final List<String> lines = new ArrayList<>();
  private boolean isSilent;

  /** Starts a command. */
  public TalkingProcess(List<String> command, Map<String, String> variables) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(variables);
    process = builder.start();
    reader = new Thread(this::read, "test-reader");
    reader.setDaemon(true);
    reader.start();
  }

  private void read() {
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        synchronized (lines) {
          lines.add(line);
          lines.notifyAll();
        }
      }
    } catch (IOException e) {
      // The process was killed: what it said before counts.
    } finally {
      synchronized (lines) {
        isSilent = true;
        lines.notifyAll();
      }
    }
  }

  /** Sends it a line. */
  public final void tell(String line) throws IOException {
    process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().flush();
  }

  /** Forgets what it has said so far. */
  public final void forget() {
    synchronized (lines) {
      lines.clear();
    }
  }

  /** Returns what it has said so far. */
  public final List<String> said() {
    synchronized (lines) {
      return List.copyOf(lines);
    }
  }

  /**
   * Waits until so many lines are of a kind, and returns the last of them.
   *
   * @param kind what the error calls it
   */
  public final String await(String kind, Predicate<String> isOfKind, int count, long timeoutMillis)
      throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    synchronized (lines) {
      while (true) {
        List<String> found = lines.stream().filter(isOfKind).toList();
        if (found.size() >= count) {
          return found.get(count - 1);
        }
        long leftMillis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (leftMillis <= 0 || isSilent) {
          throw new AssertionError("no line " + kind + " in " + lines);
        }
        lines.wait(leftMillis);
      }
    }
  }

  /** Sends it a signal, for example STOP. */
  public final void signal(String name) throws IOException, InterruptedException {
    ProcessSignal.send(process.pid(), name);
  }

  /** Returns whether it runs. */
  public final boolean isAlive() {
    return process.isAlive();
  }

  /** Waits until it ends by itself; returns its exit code, or nothing if it still runs then. */
  public final OptionalInt awaitExit(long timeoutMillis) throws InterruptedException {
    if (!process.waitFor(timeoutMillis, TimeUnit.MILLISECONDS)) {
      return OptionalInt.empty();
    }
    reader.join(CHILDREN_MILLIS);
    return OptionalInt.of(process.exitValue());
  }

  /** Kills it as {@code kill -9} does, and waits until it is gone. */
  public final void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
    reader.join(CHILDREN_MILLIS);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
