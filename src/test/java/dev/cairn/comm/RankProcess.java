package dev.cairn.comm;

import dev.cairn.support.ProcessSignal;
import dev.cairn.support.RankJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A JVM that plays one rank, {@link RankMain}; killed when closed. */
final class RankProcess implements AutoCloseable {
  /** What a rank printed, and when. */
  record Result(long epochMillis, String text) {}

  private final Process process;
  private final BlockingQueue<Result> results = new LinkedBlockingQueue<>();
  private final List<String> output = new ArrayList<>();

  RankProcess(String part, Map<String, String> environment) throws IOException {
    this(part, environment, System.getProperty("java.class.path"));
  }

  RankProcess(String part, Map<String, String> environment, String classPath) throws IOException {
    List<String> command = RankJvm.command(256, classPath);
    command.addAll(List.of(RankMain.class.getName(), part));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    process = builder.start();
    Thread reader = new Thread(this::read, "test-reader");
    reader.setDaemon(true);
    reader.start();
  }

  /** Starts the ranks of a group that meet in {@code directory}. */
  static List<RankProcess> start(
      String part, int size, Path directory, Map<String, String> variables) throws IOException {
    List<RankProcess> ranks = new ArrayList<>();
    for (int rank = 0; rank < size; rank++) {
      ranks.add(new RankProcess(part, variables(rank, size, directory, variables)));
    }
    return ranks;
  }

  static Map<String, String> variables(
      int rank, int size, Path directory, Map<String, String> more) {
    Map<String, String> all = new java.util.HashMap<>(more);
    all.put("RANK", "" + rank);
    all.put("WORLD_SIZE", "" + size);
    all.put("CAIRN_RENDEZVOUS", directory.toString());
    return all;
  }

  private void read() {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        synchronized (output) {
          output.add(line);
        }
        if (line.startsWith("RESULT ")) {
          String[] words = line.split(" ", 3);
          results.add(new Result(Long.parseLong(words[1]), words[2]));
        }
      }
    } catch (IOException e) {
      results.add(new Result(0, "unreadable " + e));
    }
  }

  /** Returns the next result line. */
  Result next() throws InterruptedException {
    for (int tenths = 0; tenths < 600; tenths++) {
      boolean alive = process.isAlive();
      Result result = results.poll(100, TimeUnit.MILLISECONDS);
      if (result != null || !alive) {
        return result == null ? new Result(0, "died: " + said()) : result;
      }
    }
    throw new AssertionError("a rank says nothing: " + said());
  }

  private List<String> said() {
    synchronized (output) {
      return List.copyOf(output);
    }
  }

  long pid() {
    return process.pid();
  }

  void signal(String name) throws Exception {
    ProcessSignal.send(pid(), name);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
