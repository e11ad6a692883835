package dev.cairn.benchmarks;

import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The works that are measured, and what is aimed at in each. */
final class Works {
  private final Settings settings;
  private final Starts starts;
  private final List<Work> all = new ArrayList<>();

  Works(Settings settings) throws IOException {
    this.settings = settings;
    this.starts = new Starts(settings);
    save();
    saveCasting();
    durable();
    restore();
    start();
    growth();
    ranks();
  }

  /** Returns those that were asked for. */
  List<Work> wanted() {
    List<String> names = all.stream().map(Work::name).toList();
    for (String name : settings.works()) {
      if (!names.contains(name)) {
        throw new IllegalArgumentException("unknown work: " + name + ", expected one of " + names);
      }
    }
    return all.stream()
        .filter(work -> settings.works().isEmpty() || settings.works().contains(work.name()))
        .toList();
  }

  private long savedBytes() {
    return DType.BF16.bytes(LlamaShapes.elements(LlamaShapes.of(settings.parameters())));
  }

  private void save() throws IOException {
    long bytes = savedBytes();
    all.add(
        new Work(
            "save",
            "2 ranks save BF16 partitions, not forced",
            bytes,
            starts.of(
                starts.raw("pwrite", "write", 2, 2, bytes),
                starts.raw("pwrite one file", "write", 2, 1, bytes),
                starts.ranks("wire", 2, "wire", "BF16", "GATHER"),
                starts.ranks("cairn parallel", 2, "save", "BF16", "PARALLEL"),
                starts.sharded("cairn parallel 2 files", 2, 2, bytes),
                starts.ranks("cairn gather", 2, "save", "BF16", "GATHER"),
                starts.peer("save_file", 1),
                starts.peer("torch.save", 1),
                starts.peer("dcp", 2),
                starts.peer("dcp consolidated", 2),
                starts.peer("save_pretrained", 1)),
            List.of(
                Goal.of("cairn parallel", 0.9, "pwrite one file"),
                Goal.of("cairn parallel 2 files", 0.9, "pwrite"),
                Goal.of("cairn parallel", 1.0, "save_file"),
                Goal.of("cairn parallel", 11, "dcp consolidated"),
                Goal.of("cairn gather", 0.5, "pwrite one file"),
                new Goal("cairn gather", List.of("pwrite one file", "wire"), 0.8),
                Goal.of("cairn gather", 8, "dcp consolidated"))));
  }

  private void saveCasting() throws IOException {
    long bytes = savedBytes();
    all.add(
        new Work(
            "cast",
            "2 ranks save F32 partitions as BF16, not forced",
            bytes,
            starts.of(
                starts.raw("pwrite one file", "write", 2, 1, bytes),
                starts.ranks("cairn parallel", 2, "save", "F32", "PARALLEL"),
                starts.ranks("cairn gather", 2, "save", "F32", "GATHER")),
            List.of(Goal.of("cairn parallel", 0.72, "pwrite one file"))));
  }

  private void durable() throws IOException {
    long bytes = savedBytes();
    all.add(
        new Work(
            "durable",
            "2 ranks save BF16 partitions, forced and committed",
            bytes,
            starts.of(
                starts.raw("direct 4 MiB", "durable", 2, 2, bytes, 4 << 20),
                starts.raw("direct 16 MiB", "durable", 2, 2, bytes, 16 << 20),
                starts.raw("direct 16 MiB one process", "durable", 1, 1, bytes, 16 << 20),
                starts.ranks("cairn parallel", 2, "durable", "BF16", "PARALLEL"),
                starts.ranks("cairn gather", 2, "durable", "BF16", "GATHER"),
                starts.peer("save_file fsync", 1)),
            List.of(
                Goal.of("cairn parallel", 0.9, "direct 16 MiB"),
                Goal.of("cairn parallel", 2, "save_file fsync"))));
  }

  private void restore() throws IOException {
    long bytes = savedBytes();
    Path file = settings.scratch().resolve("read.bin");
    Files.createDirectories(settings.scratch());
    all.add(
        new Work(
            "restore",
            "2 ranks read their BF16 partitions from a checkpoint in the page cache",
            bytes,
            starts.of(
                starts.read("pread", file, bytes),
                starts.ranks("cairn restore", 2, "restore", "BF16", "PARALLEL"),
                starts.peer("load_file", 1)),
            List.of(
                Goal.of("cairn restore", 0.9, "pread"), Goal.of("cairn restore", 1, "load_file"))));
  }

  private void start() {
    String sample = settings.home().resolve("target/cairn/sample/base/model.safetensors").toString();
    String cairn = settings.home().resolve("bin/cairn").toString();
    all.add(
        new Work(
            "start",
            "bin/cairn, whole process",
            0,
            starts.of(
                starts.program("java -version", "java", "-version"),
                starts.program("cairn --version", cairn, "--version"),
                starts.program("cairn inspect", cairn, "inspect", sample)),
            List.of()));
  }

  /** The cost of a byte as models grow; bytes differ, so that each is its own work. */
  private void growth() throws IOException {
    for (double parameters : new double[] {1e8, 5e8, 1e9, 2e9}) {
      long bytes = DType.BF16.bytes(LlamaShapes.elements(LlamaShapes.of(parameters)));
      all.add(
          new Work(
              "growth-%.1fB".formatted(parameters / 1e9),
              "2 ranks save %.1fB parameters held in BF16, not forced".formatted(parameters / 1e9),
              bytes,
              starts.of(
                  starts.ranks("cairn parallel", 2, "save", "BF16", "PARALLEL", parameters),
                  starts.ranks("cairn gather", 2, "save", "BF16", "GATHER", parameters)),
              List.of()));
    }
  }

  private void ranks() throws IOException {
    List<Work.Start> worlds = new ArrayList<>();
    for (int world = 1; world <= 4; world++) {
      worlds.add(starts.ranks(world + " ranks", world, "save", "BF16", "PARALLEL"));
    }
    all.add(
        new Work(
            "ranks",
            "1 to 4 ranks save BF16 partitions, parallel, not forced",
            savedBytes(),
            starts.of(worlds.toArray(Work.Start[]::new)),
            List.of()));
  }
}
