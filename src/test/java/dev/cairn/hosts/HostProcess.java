package dev.cairn.hosts;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process on one of {@link Hosts}, and the lines that it has printed; killed when closed. */
final class HostProcess implements AutoCloseable {
  private static final long PATIENCE_MILLIS = 90_000;

  private final Process process;
  private final Thread reader;
  private final List<String> lines = new ArrayList<>();

  HostProcess(List<String> command, Map<String, String> environment) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    process = builder.start();
    reader = new Thread(this::read, "test-host-reader");
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
      // It was killed.
    }
  }

  /** Returns the line that says how a work went, once it is there. */
  String result(String work) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
    synchronized (lines) {
      while (true) {
        for (String line : lines) {
          if (line.startsWith("DONE " + work) || line.startsWith("FAILED " + work + ":")) {
            return line.trim();
          }
        }
        long leftMillis = (deadline - System.nanoTime()) / 1_000_000;
        boolean isDead = !process.isAlive() && leftMillis < PATIENCE_MILLIS - 5000;
        if (leftMillis <= 0 || isDead) {
          throw new AssertionError("nothing of " + work + " in " + lines);
        }
        lines.wait(Math.min(leftMillis, 200));
      }
    }
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Waits until it ends; returns all that it has printed. */
  List<String> end() throws InterruptedException {
    if (!process.waitFor(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)) {
      throw new AssertionError("it does not end: " + lines);
    }
    reader.join(PATIENCE_MILLIS);
    synchronized (lines) {
      return List.copyOf(lines);
    }
  }

  /** Ends it at once, without a word. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
