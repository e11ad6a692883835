package dev.cairn.benchmarks;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/** How candidates are started on this machine. */
final class Starts {
  private final Settings settings;
  private final String python =
      Objects.requireNonNullElse(System.getenv("CAIRN_PYTHON"), "python3");
  private final boolean hasPeers;

  Starts(Settings settings) throws IOException {
    this.settings = settings;
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

  /** Returns the candidates that this machine has and that were asked for. */
  List<Work.Start> of(Work.Start... starts) {
    return Arrays.stream(starts).filter(Objects::nonNull).toList();
  }

  private Work.Start wanted(String name, Work.Start start) {
    boolean isWanted = settings.candidates().isEmpty() || settings.candidates().contains(name);
    return isWanted ? start : null;
  }

  /** A bound: {@code raw WORK PROCESSES FILES BYTES …}. */
  Work.Start raw(String name, String work, long... numbers) {
    List<String> command = new ArrayList<>(List.of(rawProgram(), work));
    Arrays.stream(numbers).forEach(number -> command.add(Long.toString(number)));
    return wanted(name, () -> Worker.of(name, command));
  }

  /** A bound: two processes read a file of so many bytes. */
  Work.Start read(String name, Path file, long lengthBytes) {
    return wanted(
        name,
        () -> {
          fill(file, lengthBytes);
          return Worker.of(name, List.of(rawProgram(), "read", "2", file.toString()));
        });
  }

  /** A whole process. */
  Work.Start program(String name, String... command) {
    return wanted(name, () -> new Program(name, List.of(command)));
  }

  private static void fill(Path file, long lengthBytes) throws IOException {
    byte[] piece = new byte[1 << 20];
    Arrays.fill(piece, (byte) 7);
    try (OutputStream out = Files.newOutputStream(file)) {
      for (long done = 0; done < lengthBytes; done += piece.length) {
        out.write(piece, 0, (int) Math.min(piece.length, lengthBytes - done));
      }
    }
  }

  private String rawProgram() {
    return settings.home().resolve("benchmarks/target/raw").toString();
  }

  /** Ranks of Cairn over the settings' model, saved as BF16. */
  Work.Start ranks(String name, int world, String work, String held, String mode)
      throws IOException {
    return ranks(name, world, work, held, mode, settings.parameters());
  }

  /** Ranks of Cairn over a model of so many parameters, saved as BF16. */
  Work.Start ranks(String name, int world, String work, String held, String mode, double parameters)
      throws IOException {
    List<String> command = java(work, Double.toString(parameters), held, "BF16", mode);
    return wanted(
        name,
        () -> {
          Worker worker = new Worker(name, command, environments(world));
          if (work.equals("restore")) {
            worker.run(Files.createTempDirectory(settings.scratch(), "restore").resolve("run"));
          }
          return worker;
        });
  }

  /** Ranks of Cairn whose result is cut into files of about equal size. */
  Work.Start sharded(String name, int world, int files, long savedBytes) throws IOException {
    long shardBytes = savedBytes / files + savedBytes / 20;
    List<String> command =
        java(
            "save",
            Double.toString(settings.parameters()),
            "BF16",
            "BF16",
            "PARALLEL",
            Long.toString(shardBytes));
    return wanted(name, () -> new Worker(name, command, environments(world)));
  }

  private List<String> java(String... arguments) throws IOException {
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
    command.addAll(List.of(arguments));
    return command;
  }

  private List<Map<String, String>> environments(int world) throws IOException {
    Path rendezvous = Files.createTempDirectory("cairn-benchmark");
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

  /** A peer in Python, or null where the machine lacks it. */
  Work.Start peer(String name, int world) {
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
              "CAIRN_PEERS_STORE", meeting));
    }
    List<String> command =
        List.of(python, script, name, String.format(Locale.ROOT, "%.0f", settings.parameters()));
    return wanted(name, () -> new Worker(name, command, environments));
  }
}
