package dev.cairn.example;

import dev.cairn.support.FreePort;
import dev.cairn.support.RankJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The ranks of one start of a program of the example, each a JVM; killed when closed. */
final class RunProcesses implements AutoCloseable {
  private static final long LIMIT_SECONDS = 120;
  private static final long POLL_MILLIS = 5;

  private final List<Process> ranks = new ArrayList<>();
  private final Path folder;

  /** Starts {@code size} ranks whose outputs go to files in {@code folder}. */
  RunProcesses(Path folder, int size, Class<?> program, List<String> arguments) throws IOException {
    this.folder = Files.createDirectories(folder);
    int port = FreePort.find();
    List<String> command = RankJvm.command(256, System.getProperty("java.class.path"));
    command.add(program.getName());
    command.addAll(arguments);
    for (int rank = 0; rank < size; rank++) {
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.redirectOutput(log(rank).toFile());
      Map<String, String> environment = builder.environment();
      environment.put("RANK", Integer.toString(rank));
      environment.put("WORLD_SIZE", Integer.toString(size));
      environment.put("MASTER_ADDR", "127.0.0.1");
      environment.put("MASTER_PORT", Integer.toString(port));
      environment.put("OMP_NUM_THREADS", "1"); // as torchrun does: more threads only spin
      ranks.add(builder.start());
    }
  }

  private Path log(int rank) {
    return folder.resolve("rank" + rank + ".log");
  }

  /** Returns what rank 0 has said so far, whole lines. */
  String said() throws IOException {
    String text = Files.readString(log(0));
    return text.substring(0, text.lastIndexOf('\n') + 1);
  }

  /** Waits until training has come so far. */
  void await(Predicate<RunLog> reached) throws IOException, InterruptedException {
    long endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!said().contains("begins") || !reached.test(RunLog.parse(said()))) {
      boolean someEnded = ranks.stream().anyMatch(rank -> !rank.isAlive());
      if (someEnded || System.nanoTime() > endNanos) {
        throw new AssertionError("training did not come so far\n" + logs());
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  /** Waits for every rank's good end. */
  void awaitEnd() throws IOException, InterruptedException {
    for (Process rank : ranks) {
      if (!rank.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) || rank.exitValue() != 0) {
        throw new AssertionError("a rank failed\n" + logs());
      }
    }
  }

  private String logs() throws IOException {
    StringBuilder all = new StringBuilder();
    for (int rank = 0; rank < ranks.size(); rank++) {
      all.append("rank ").append(rank).append(":\n").append(Files.readString(log(rank)));
    }
    return all.toString();
  }

  /** Kills all ranks as {@code kill -9} does. */
  void kill() {
    ranks.forEach(Process::destroyForcibly);
    for (Process rank : ranks) {
      rank.onExit().join();
    }
  }

  @Override
  public void close() {
    kill();
  }
}
