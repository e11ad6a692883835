package dev.cairn.faults;

import dev.cairn.support.ProcessSignal;
import dev.cairn.support.RankJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/** A process that runs {@link SaveLoop}, and what it has said. */
final class SaveLoopProcess implements AutoCloseable {
  private final Process process;
  private final Thread reader;
  private final List<String> lines = new ArrayList<>();

  SaveLoopProcess(int rank, int worldSize, List<String> arguments) throws IOException {
    this(SaveLoop.class, rank, worldSize, arguments, Map.of());
  }

  /** Starts a program that reads rendezvous directories and says how it gets on. */
  SaveLoopProcess(
      Class<?> program,
      int rank,
      int worldSize,
      List<String> arguments,
      Map<String, String> variables)
      throws IOException {
    List<String> command = RankJvm.command(128, System.getProperty("java.class.path"));
    command.add(program.getName());
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("RANK", Integer.toString(rank));
    builder.environment().put("WORLD_SIZE", Integer.toString(worldSize));
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
    }
  }

  void join(Path rendezvous) throws IOException {
    join(rendezvous, "");
  }

  /** Joins a group, with more words for the program. */
  void join(Path rendezvous, String more) throws IOException {
    synchronized (lines) {
      lines.clear();
    }
    String line = rendezvous + (more.isEmpty() ? "" : " " + more) + "\n";
    process.getOutputStream().write(line.getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().flush();
  }

  /** Waits for a line that begins so and returns it. */
  String await(String beginning, long timeoutMillis) throws InterruptedException {
    return await(beginning, 1, timeoutMillis);
  }

  /** Waits until so many lines have begun so and returns the last of them. */
  String await(String beginning, int count, long timeoutMillis) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    synchronized (lines) {
      while (true) {
        List<String> found = lines.stream().filter(line -> line.startsWith(beginning)).toList();
        if (found.size() >= count) {
          return found.get(count - 1);
        }
        long leftMillis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (leftMillis <= 0) {
          throw new AssertionError("no line " + beginning + " in " + lines);
        }
        lines.wait(leftMillis);
      }
    }
  }

  /** Kills it as {@code kill -9} does, and waits until it is gone. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
    reader.join();
  }

  /** Sends it a signal, for example STOP. */
  void signal(String name) throws IOException, InterruptedException {
    ProcessSignal.send(process.pid(), name);
  }

  List<String> said() {
    synchronized (lines) {
      return List.copyOf(lines);
    }
  }

  /** Returns the newest step that this rank was told is committed, since it joined; or 0. */
  long committed() {
    return said().stream()
        .filter(line -> line.startsWith("committed "))
        .mapToLong(line -> Long.parseLong(line.substring("committed ".length())))
        .max()
        .orElse(0);
  }

  int awaitExit() throws InterruptedException {
    int exitCode = process.waitFor();
    reader.join();
    return exitCode;
  }

  /** Returns its exit code, or nothing if it has not ended in time. */
  OptionalInt awaitExit(long timeoutMillis) throws InterruptedException {
    boolean ended = process.waitFor(timeoutMillis, TimeUnit.MILLISECONDS);
    return ended ? OptionalInt.of(process.exitValue()) : OptionalInt.empty();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
