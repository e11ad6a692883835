package dev.cairn.benchmarks;

import dev.cairn.benchmarks.candidates.FreshJvm;
import dev.cairn.benchmarks.candidates.Processes;
import dev.cairn.benchmarks.candidates.Program;
import dev.cairn.benchmarks.candidates.RankProcesses;
import dev.cairn.benchmarks.candidates.RankWorker;
import dev.cairn.benchmarks.candidates.RecordedPeer;
import dev.cairn.benchmarks.candidates.Worker;
import dev.cairn.benchmarks.kernels.Kernel;
import dev.cairn.benchmarks.machine.Settings;
import dev.cairn.benchmarks.scale.ManyRanks;
import dev.cairn.benchmarks.scale.ThreadRanks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;

/** How candidates are started on this machine. */
final class Starts {
  /** A JVM that may have more takes more before it collects: this is what rank 0 needs. */
  private static final List<String> RANK_OPTIONS = List.of("-XX:+UseSerialGC", "-Xmx192m");

  private final Settings settings;
  private final RankProcesses ranks;
  private final String python =
      Objects.requireNonNullElse(System.getenv("CAIRN_PYTHON"), "python3");
  private final boolean hasPeers;

  Starts(Settings settings) throws IOException {
    this.settings = settings;
    this.ranks = new RankProcesses(settings);
    this.hasPeers = probePeers();
  }

  private boolean probePeers() throws IOException {
    try {
      int status =
          new ProcessBuilder(python, "-c", "import torch, safetensors, transformers")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor();
      if (status == 0) {
        return true;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (IOException e) {
      // No such program: said below.
    }
    System.out.println(
        "peers are left out: %s cannot import torch, safetensors and transformers (CAIRN_PYTHON"
                .formatted(python)
            + " names another)");
    return false;
  }

  /** Returns those that this machine has and that were asked for. */
  List<Work.Start> of(Work.Start... starts) {
    List<String> wanted = settings.candidates();
    return Stream.of(starts)
        .filter(Objects::nonNull)
        .filter(start -> wanted.isEmpty() || wanted.contains(start.name()))
        .toList();
  }

  /** A bound: {@code raw WORK …}. */
  Work.Start raw(String name, long lengthBytes, Object... arguments) {
    List<String> command = new ArrayList<>();
    command.add(settings.home().resolve("benchmarks/target/raw").toString());
    Arrays.stream(arguments).forEach(argument -> command.add(argument.toString()));
    return new Work.Start(
        name,
        lengthBytes,
        () -> {
          Processes processes = new Processes(command, List.of(Map.of()));
          return new Worker(processes, "", processes::close);
        });
  }

  /** A whole process; {@code {}} is the path to write to. */
  Work.Start program(String name, long lengthBytes, String... command) {
    return new Work.Start(name, lengthBytes, () -> new Program(List.of(command)));
  }

  /** {@code bin/cairn} as a whole process. */
  Work.Start cairn(String name, long lengthBytes, String... arguments) {
    String program = settings.home().resolve("bin/cairn").toString();
    return program(
        name,
        lengthBytes,
        Stream.concat(Stream.of(program), Stream.of(arguments)).toArray(String[]::new));
  }

  /** Ranks of Cairn that get this order of {@link RankWorker}. */
  Work.Start ranks(String name, long lengthBytes, int world, String order) {
    return new Work.Start(name, lengthBytes, () -> ranks.open(world, order));
  }

  /** A benchmark of kernels; {@code lengthBytes} are read and written by one pass. */
  Work.Start kernel(String name, long lengthBytes, String benchmark, String implementation) {
    int iterations = settings.uncounted() == 0 ? 1 : 4;
    return new Work.Start(
        name, lengthBytes, () -> new Kernel(benchmark, implementation, iterations));
  }

  /** One of this module's programs, in JVMs that are fresh for every run. */
  Work.Start fresh(String name, long lengthBytes, Class<?> program, Object... arguments) {
    return new Work.Start(
        name, lengthBytes, () -> new FreshJvm(java(program.getName(), arguments)));
  }

  /** One of this module's programs, in one JVM. */
  Work.Start warm(String name, long lengthBytes, Class<?> program, Object... arguments) {
    return worker(name, lengthBytes, java(program.getName(), arguments));
  }

  /** Threads of one JVM as ranks: what each rank has of its own takes memory. */
  Work.Start threads(String name, Object... arguments) {
    return worker(name, 0, java(List.of("-Xmx2g"), ThreadRanks.class.getName(), arguments));
  }

  private static Work.Start worker(String name, long lengthBytes, List<String> command) {
    return new Work.Start(
        name,
        lengthBytes,
        () -> {
          Processes processes = new Processes(command, List.of(Map.of()));
          return new Worker(processes, "", processes::close);
        });
  }

  /** Rank 0 of many, and a process that is all the others. */
  Work.Start manyRanks(String name, String work, int world) {
    return new Work.Start(
        name,
        0,
        () -> {
          Path folder = Files.createTempDirectory("cairn-benchmark");
          Processes processes =
              new Processes(
                  java(RANK_OPTIONS, ManyRanks.class.getName(), work, world, folder),
                  List.of(Map.of("RANK", "0"), Map.of("RANK", "1")),
                  folder);
          return new Worker(processes, "", processes::close);
        });
  }

  /** Returns the command that runs one of this module's programs. */
  List<String> java(String program, Object... arguments) {
    return java(List.of("-Xmx512m"), program, arguments);
  }

  private static List<String> java(List<String> options, String program, Object... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), program));
    Arrays.stream(arguments).forEach(argument -> command.add(argument.toString()));
    return command;
  }

  /** A peer whose time is on record, for a model of 245.4M parameters in BF16. */
  Work.Start recorded(String name, long lengthBytes, double seconds, String note) {
    return new Work.Start(name, lengthBytes, () -> new RecordedPeer(seconds, note));
  }

  /** Returns whether the machine has the peers. */
  boolean hasPeers() {
    return hasPeers;
  }

  /** A peer in Python, or null where the machine lacks it. */
  Work.Start peer(String name, long lengthBytes, int world) {
    return peer(name, lengthBytes, world, settings.parameters());
  }

  /** A whole process of a peer, which ends with its work; or null. */
  Work.Start peerOnce(String name, String work, double parameters) {
    String script = settings.home().resolve("benchmarks/peers.py").toString();
    String count = String.format(Locale.ROOT, "%.0f", parameters);
    String input = "CAIRN_PEERS_INPUT=" + settings.input();
    return hasPeers ? program(name, 0, "env", input, python, script, work, count, "{}") : null;
  }

  /** A peer in Python with a model of some size, or null where the machine lacks it. */
  Work.Start peer(String name, long lengthBytes, int world, double parameters) {
    if (!hasPeers) {
      return null;
    }
    String script = settings.home().resolve("benchmarks/peers.py").toString();
    String meeting = "/tmp/cairn-peers-" + UUID.randomUUID();
    List<Map<String, String>> environments = new ArrayList<>();
    for (int rank = 0; rank < world; rank++) {
      environments.add(
          Map.of(
              "RANK", Integer.toString(rank),
              "WORLD_SIZE", Integer.toString(world),
              "CAIRN_PEERS_STORE", meeting,
              "CAIRN_PEERS_INPUT", settings.input().toString()));
    }
    List<String> command =
        List.of(python, script, name, String.format(Locale.ROOT, "%.0f", parameters));
    return new Work.Start(
        name,
        lengthBytes,
        () -> {
          Processes processes = new Processes(command, environments);
          return new Worker(processes, "", processes::close);
        });
  }
}
