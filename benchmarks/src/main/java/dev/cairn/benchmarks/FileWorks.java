package dev.cairn.benchmarks;

import dev.cairn.benchmarks.machine.Folders;
import dev.cairn.benchmarks.machine.Settings;
import dev.cairn.benchmarks.models.AdaptedModel;
import dev.cairn.benchmarks.models.ExpertModel;
import dev.cairn.benchmarks.models.LlamaShapes;
import dev.cairn.benchmarks.models.LoraModel;
import dev.cairn.benchmarks.models.ReadPieces;
import dev.cairn.benchmarks.report.Goal;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Workloads that read what is on the disk, in the page cache: restores, conversions, merges. */
final class FileWorks {
  private static final double ZERO_TO_FP32_IMPORTS = 5.7;
  private static final double ZERO_TO_FP32_SECONDS = 2.35;
  private static final double RECORDED_PARAMETERS = 245.4e6;
  private static final String ZERO_TO_FP32 = "zero_to_fp32 (recorded)";
  private static final double CONSOLIDATE_MIB = 250;
  private static final double CONSOLIDATE_HELD_MIB = 128;
  private static final double MERGE_SECONDS_OF_CP = 2.5;
  private static final double MERGE_EXPERTS_SECONDS_OF_CP = 3;
  private static final double MERGE_MIB = 400;

  private final Settings settings;
  private final Starts starts;

  FileWorks(Settings settings, Starts starts) {
    this.settings = settings;
    this.starts = starts;
  }

  List<Work> all() {
    return List.of(
        restore(),
        consolidate("consolidate", settings.parameters(), 4),
        consolidate("consolidate-large", settings.large(), 8),
        consolidateHeld(settings.large(), 8),
        merge(),
        mergeExperts());
  }

  /** The bound reads what the ranks read, from where it lies to where they have it. */
  private Work restore() {
    Map<String, Shape> shapes = LlamaShapes.of(settings.parameters());
    List<TensorInfo> tensors = new ArrayList<>();
    shapes.forEach((name, shape) -> tensors.add(new TensorInfo(name, DType.BF16, shape)));
    Header header = Header.of(Header.PYTORCH_METADATA, tensors);
    long bytes = header.fileLengthBytes() - header.dataOffset();
    Path file = settings.input().resolve("read.bin");
    Path partitions = settings.input().resolve("partitions");
    Path shares = settings.input().resolve("shares");
    String order =
        "work=restore parameters=%s held=BF16 mode=PARALLEL run=%s"
            .formatted(settings.parameters(), settings.input().resolve("run"));
    return new Work(
        "restore",
        "2 ranks read their BF16 partitions from a checkpoint in the page cache",
        0,
        folder -> {
          fill(file, header.fileLengthBytes());
          ReadPieces.writePartitions(partitions, shapes, header, 2);
          ReadPieces.writeShares(shares, bytes, 2);
        },
        starts.of(
            starts.raw("pread", bytes, "read", 2, file, partitions),
            starts.raw("pread, one piece each", bytes, "read", 2, file, shares),
            starts.ranks("cairn restore", bytes, 2, order),
            starts.peer("load_file", bytes, 1)),
        List.of(
            Goal.speed("cairn restore", 0.9, "pread"),
            Goal.speed("cairn restore", 1, "load_file")));
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

  private Work consolidate(String name, double parameters, int world) {
    String input = settings.input().toString();
    long written = DType.BF16.bytes((long) parameters);
    List<Goal> goals = new ArrayList<>();
    if (name.equals("consolidate")) {
      goals.add(Goal.speed("cairn consolidate", 12, ZERO_TO_FP32));
    } else {
      goals.add(
          Goal.speedLess(
              "cairn consolidate", "cairn --version", 0.85, "read and write, 1 process"));
    }
    goals.add(
        Goal.speedLess("cairn consolidate", "cairn --version", 0.85, "read and write, 2 processes")
            .told());
    goals.add(Goal.mebibytes("cairn consolidate", CONSOLIDATE_MIB));
    return new Work(
        name,
        String.format(
            Locale.ROOT,
            "a ZeRO-3 checkpoint of %.3gB parameters by %d ranks into a BF16 folder, whole process",
            parameters / 1e9,
            world),
        written,
        folder -> makeCheckpoint(folder, parameters, world, 3),
        starts.of(
            starts.raw("read and write, 1 process", 0, "convert", 1, input, 2),
            starts.raw("read and write, 2 processes", 0, "convert", 2, input, 2),
            starts.cairn("cairn --version", 0, "--version"),
            starts.cairn("cairn consolidate", 0, "consolidate", input, "{}"),
            starts.recorded(
                ZERO_TO_FP32,
                0,
                ZERO_TO_FP32_IMPORTS + ZERO_TO_FP32_SECONDS * parameters / RECORDED_PARAMETERS,
                "0.19 --safe_serialization, 2 shared cores: imports 5.7 s, 245.4M in 2.35 s, by"
                    + " size")),
        goals);
  }

  /** The 16-bit weights of ZeRO-2's model states, and the same file as one by torch. */
  private Work consolidateHeld(double parameters, int world) {
    Path checkpoint = settings.input().resolve("zero2");
    Path held = settings.input().resolve("held");
    Path torch = held.resolve("weights.pt");
    String bound = "read and write 16 bits, 1 process";
    List<Goal> goals = new ArrayList<>();
    for (String name : List.of("cairn consolidate, ZeRO-2", "cairn consolidate, torch file")) {
      goals.add(Goal.speedLess(name, "cairn --version", 0.85, bound));
      goals.add(Goal.mebibytes(name, CONSOLIDATE_HELD_MIB));
    }
    return new Work(
        "consolidate-held",
        String.format(
            Locale.ROOT,
            "%.3gB parameters in BF16 into a BF16 folder: the model states of a ZeRO-2 checkpoint"
                + " by %d ranks, and a torch file; whole process",
            parameters / 1e9,
            world),
        DType.BF16.bytes((long) parameters),
        folder -> {
          makeCheckpoint(checkpoint, parameters, world, 2);
          Files.createDirectories(held);
          Files.deleteIfExists(torch);
          Files.createLink(torch, checkpoint.resolve("global_step7/mp_rank_00_model_states.pt"));
        },
        starts.of(
            starts.raw(bound, 0, "convert", 1, held, 1),
            starts.cairn("cairn --version", 0, "--version"),
            starts.cairn(
                "cairn consolidate, ZeRO-2", 0, "consolidate", checkpoint.toString(), "{}"),
            starts.cairn(
                "cairn consolidate, torch file", 0, "consolidate", torch.toString(), "{}")),
        goals);
  }

  private void makeCheckpoint(Path folder, double parameters, int world, int stage)
      throws IOException {
    List<String> command =
        starts.java(
            "dev.cairn.deepspeed.MadeUpCheckpoint",
            folder,
            String.format("%.0f", parameters),
            world,
            stage);
    try {
      int status =
          new ProcessBuilder(command)
              .redirectError(Redirect.INHERIT)
              .redirectOutput(Redirect.DISCARD)
              .start()
              .waitFor();
      if (status != 0) {
        throw new IOException("no checkpoint made: status=" + status + ", command=" + command);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    Folders.force(folder);
  }

  private Work merge() {
    AdaptedModel model = LoraModel.of(settings.layers());
    return merge(
        "merge",
        "a LoRA adapter of rank 64 into the base model, whole process",
        model.lengthBytes(),
        model::write,
        MERGE_SECONDS_OF_CP);
  }

  /** A layer has as many parameters as several of the plain model. */
  private Work mergeExperts() {
    AdaptedModel model = ExpertModel.of(Math.max(1, settings.layers() / 8));
    return merge(
        "merge-experts",
        "a LoRA adapter of rank 16 of 64 experts in each layer into the base model, whole process",
        model.lengthBytes(),
        model::write,
        MERGE_EXPERTS_SECONDS_OF_CP);
  }

  private Work merge(
      String name, String what, long lengthBytes, Work.Input making, double secondsOfCp) {
    String base = settings.input().resolve("base").toString();
    String adapter = settings.input().resolve("adapter").toString();
    return new Work(
        name,
        what,
        lengthBytes,
        making,
        starts.of(
            starts.program("cp", lengthBytes, "cp", "-r", base, "{}"),
            starts.cairn("cairn --version", 0, "--version"),
            starts.cairn(
                "cairn merge-lora",
                lengthBytes,
                "merge-lora",
                "--base",
                base,
                "--adapter",
                adapter,
                "--output",
                "{}")),
        List.of(
            Goal.speed("cairn merge-lora", 1 / secondsOfCp, "cp"),
            Goal.speedLess("cairn merge-lora", "cairn --version", 1 / secondsOfCp, "cp").told(),
            Goal.mebibytes("cairn merge-lora", MERGE_MIB)));
  }
}
