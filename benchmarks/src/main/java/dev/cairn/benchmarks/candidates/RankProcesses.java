package dev.cairn.benchmarks.candidates;

import dev.cairn.benchmarks.machine.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Processes of {@link RankWorker}, one set for each world size: started by the first candidate that
 * needs them, shared by the others, ended with the last.
 */
public final class RankProcesses {
  private final Settings settings;
  private final Map<Integer, Shared> byWorld = new TreeMap<>();

  /** A set of ranks and how many candidates use it. */
  private static final class Shared {
    final Processes processes;
    int users;

    Shared(Processes processes) {
      this.processes = processes;
    }
  }

  public RankProcesses(Settings settings) {
    this.settings = settings;
  }

  /** Returns a candidate that gives this order to so many ranks. */
  public Candidate open(int world, String order) throws IOException {
    if (!byWorld.containsKey(world)) {
      Path rendezvous = Files.createTempDirectory("cairn-benchmark");
      byWorld.put(
          world, new Shared(new Processes(command(), environments(world, rendezvous), rendezvous)));
    }
    Shared shared = byWorld.get(world);
    shared.users++;
    return new Worker(shared.processes, order + " path=", () -> release(world));
  }

  private void release(int world) {
    Shared shared = byWorld.get(world);
    if (--shared.users == 0) {
      byWorld.remove(world);
      shared.processes.close();
    }
  }

  private List<String> command() throws IOException {
    Path app = settings.home().resolve("target/cairn");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-Xmx256m",
            "-Dcairn.benchmark.phases=" + System.getProperty("cairn.benchmark.phases"),
            "--enable-native-access=ALL-UNNAMED",
            "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"));
    command.add("-cp");
    command.add(
        String.join(
            ":",
            settings.home().resolve("benchmarks/target/classes").toString(),
            Files.readString(app.resolve("classpath")),
            Files.readString(app.resolve("classpath-gloo"))));
    command.add(RankWorker.class.getName());
    return command;
  }

  private static List<Map<String, String>> environments(int world, Path rendezvous) {
    List<Map<String, String>> environments = new ArrayList<>();
    for (int rank = 0; rank < world; rank++) {
      environments.add(
          Map.of(
              "RANK", Integer.toString(rank),
              "WORLD_SIZE", Integer.toString(world),
              "CAIRN_RENDEZVOUS", rendezvous.toString()));
    }
    return environments;
  }
}
