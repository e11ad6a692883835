package dev.cairn.benchmarks;

import dev.cairn.benchmarks.machine.Settings;
import dev.cairn.benchmarks.models.LlamaShapes;
import dev.cairn.benchmarks.report.Goal;
import dev.cairn.tensor.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Saves by several ranks, beside plain writes, the wire alone and the peers. */
final class SaveWorks {
  private static final double RECORDED_BYTES = 2 * 245.4e6;
  private static final double DEEPSPEED_SECONDS = 1.15;
  private static final String DEEPSPEED = "DeepSpeed live (recorded)";
  private static final String ONE_WRITER = "pwrite, 1 process";
  private static final String TENSOR_PARALLEL = " sharing=TENSOR_PARALLEL";
  private static final double FLAT = 1.25 / 0.75; // within a quarter of what lies in the middle
  private static final double CONSTANT_MIB = 16;

  private final Settings settings;
  private final Starts starts;

  SaveWorks(Settings settings, Starts starts) {
    this.settings = settings;
    this.starts = starts;
  }

  List<Work> all() {
    return List.of(save(), durable(), growth(), ranks());
  }

  private static long savedBytes(double parameters) {
    return DType.BF16.bytes(LlamaShapes.elements(LlamaShapes.of(parameters)));
  }

  private static String order(String work, double parameters, String held, String mode) {
    return "work=%s parameters=%s held=%s mode=%s".formatted(work, parameters, held, mode);
  }

  private Work.Start cairn(String name, String work, String held, String mode) {
    double parameters = settings.parameters();
    return starts.ranks(name, savedBytes(parameters), 2, order(work, parameters, held, mode));
  }

  private Work save() {
    long bytes = savedBytes(settings.parameters());
    String twoFiles =
        order("save", settings.parameters(), "BF16", "PARALLEL")
            + " shardBytes="
            + (bytes / 2 + bytes / 20);
    return new Work(
        "save",
        "2 ranks save as BF16, not forced",
        bytes,
        Work.Input.NONE,
        starts.of(
            starts.raw(ONE_WRITER, bytes, "write", 1, 1, bytes),
            starts.raw("pwrite, files: 1", bytes, "write", 2, 1, bytes),
            starts.raw("pwrite, files: 2", bytes, "write", 2, 2, bytes),
            starts.ranks("wire, all bytes", bytes, 2, "work=wire lengthBytes=" + bytes),
            starts.ranks(
                "wire, rank 1's bytes", bytes / 2, 2, "work=wire lengthBytes=" + bytes / 2),
            cairn("cairn parallel", "save", "BF16", "PARALLEL"),
            starts.ranks("cairn parallel, 2 files", bytes, 2, twoFiles),
            cairn("cairn parallel, F32 held", "save", "F32", "PARALLEL"),
            cairn("cairn gather", "save", "BF16", "GATHER"),
            cairn("cairn gather, F32 held", "save", "F32", "GATHER"),
            cairn("cairn parallel, TP 2", "save", "BF16", "PARALLEL" + TENSOR_PARALLEL),
            cairn("cairn gather, TP 2", "save", "BF16", "GATHER" + TENSOR_PARALLEL),
            starts.peer("save_file", bytes, 1),
            starts.peer("torch.save", bytes, 1),
            starts.peer("dcp", bytes, 2),
            starts.peer("dcp consolidated", bytes, 2),
            starts.peer("save_pretrained", bytes, 1),
            starts.recorded(
                DEEPSPEED,
                bytes,
                DEEPSPEED_SECONDS * bytes / RECORDED_BYTES,
                "ZeRO-3 of 0.19 gathers and writes with save_file: 1.15 s for 245.4M on 2 shared"
                    + " cores, by size")),
        saveGoals());
  }

  private static List<Goal> saveGoals() {
    return List.of(
        Goal.speed("cairn parallel", 0.9, "pwrite, files: {files}"),
        Goal.speed("cairn parallel, 2 files", 0.9, "pwrite, files: {files}"),
        Goal.speed("cairn parallel", 8, DEEPSPEED),
        Goal.speed("cairn parallel", 11, "dcp consolidated"),
        Goal.speed("cairn parallel, 2 files", 11, "dcp consolidated").told(),
        Goal.speed("pwrite, files: 1", 11, "dcp consolidated").told(),
        Goal.speed("cairn parallel", 1, "save_file"),
        Goal.speed("cairn parallel, F32 held", 0.8, "cairn parallel"),
        Goal.speed("cairn parallel, F32 held", 0.72, "pwrite, files: {files}"),
        Goal.speed("cairn parallel, TP 2", 0.85, "cairn parallel"),
        Goal.speed("cairn gather, TP 2", 0.85, "cairn gather"),
        gatherGoal("wire, all bytes"),
        gatherGoal("wire, rank 1's bytes").told(),
        Goal.speed("cairn gather", 5, DEEPSPEED));
  }

  /** One process writes in a gather: whichever is faster, one or several, is what it could do. */
  private static Goal gatherGoal(String wire) {
    return Goal.speed("cairn gather", 0.8, List.of(ONE_WRITER, "pwrite, files: {files}"), wire);
  }

  private Work durable() {
    long bytes = savedBytes(settings.parameters());
    String probe = settings.input().resolve("probe").toString();
    return new Work(
        "durable",
        "2 ranks save BF16 partitions, forced and committed",
        bytes,
        Work.Input.NONE,
        starts.of(
            starts.raw("raw durable write", bytes, "durable", 2, bytes, probe),
            cairn("cairn parallel", "durable", "BF16", "PARALLEL"),
            cairn("cairn parallel, direct", "direct", "BF16", "PARALLEL"),
            cairn("cairn gather", "durable", "BF16", "GATHER"),
            starts.peer("save_file fsync", bytes, 1)),
        List.of(
            Goal.speed("cairn parallel", 0.9, "raw durable write"),
            Goal.speed("cairn parallel", 2, "save_file fsync"),
            Goal.speed("cairn parallel, direct", 0.9, "raw durable write").told(),
            Goal.speed("cairn gather", 0.9, "raw durable write").told(),
            Goal.speed("cairn gather", 2, "save_file fsync").told()));
  }

  /** The cost of a byte as models grow. */
  private Work growth() {
    List<Work.Start> candidates = new ArrayList<>();
    Map<String, Map<String, Double>> counts = new LinkedHashMap<>();
    List<Goal> goals = new ArrayList<>();
    long largest = 0;
    for (double parameters : settings.growth()) {
      long bytes = savedBytes(parameters);
      largest = Math.max(largest, bytes);
      String size = String.format(Locale.ROOT, " %.3gB", parameters / 1e9);
      for (String mode : List.of("parallel", "gather")) {
        String order = order("save", parameters, "BF16", mode.toUpperCase(Locale.ROOT));
        candidates.add(starts.ranks(mode + size, bytes, 2, order));
        counts.computeIfAbsent(mode, any -> new LinkedHashMap<>()).put(mode + size, bytes * 1.0);
      }
      candidates.add(starts.raw("pwrite" + size, bytes, "write", 2, 1, bytes));
      counts
          .computeIfAbsent("pwrite", any -> new LinkedHashMap<>())
          .put("pwrite" + size, bytes * 1.0);
      goals.add(Goal.speed("parallel" + size, 0, "pwrite" + size).told());
    }
    for (String mode : List.of("gather", "parallel")) {
      goals.add(0, Goal.constantMemory(CONSTANT_MIB, List.copyOf(counts.get(mode).keySet())));
      goals.add(0, Goal.flat("byte", FLAT, counts.get(mode)));
    }
    goals.add(Goal.flat("byte", FLAT, counts.get("pwrite")).told());
    return new Work(
        "growth",
        "2 ranks save growing models held in BF16, not forced; MiB that a save adds to a rank",
        largest,
        Work.Input.NONE,
        starts.of(candidates.toArray(Work.Start[]::new)),
        goals);
  }

  /** The cost of a byte as ranks are added. */
  private Work ranks() {
    long bytes = savedBytes(settings.parameters());
    String order = order("save", settings.parameters(), "BF16", "PARALLEL");
    String gatherOrder = order("save", settings.parameters(), "BF16", "GATHER");
    List<Work.Start> candidates = new ArrayList<>();
    Map<String, Double> saves = new LinkedHashMap<>();
    Map<String, Double> gathers = new LinkedHashMap<>();
    Map<String, Double> writes = new LinkedHashMap<>();
    List<Goal> goals = new ArrayList<>();
    for (int world : settings.worlds()) {
      String save = "parallel, ranks: " + world;
      String gather = "gather, ranks: " + world;
      String write = "pwrite, processes: " + world;
      candidates.add(starts.ranks(save, bytes, world, order));
      candidates.add(starts.ranks(gather, bytes, world, gatherOrder));
      candidates.add(starts.raw(write, bytes, "write", world, 1, bytes));
      saves.put(save, bytes * 1.0);
      gathers.put(gather, bytes * 1.0);
      writes.put(write, bytes * 1.0);
      goals.add(Goal.speed(save, 0, write).told());
      if (world > 1) {
        String wire = "wire, ranks: " + world;
        long sent = bytes / world; // by each of the others, one after the other
        candidates.add(
            starts.ranks(wire, sent * (world - 1), world, "work=wire lengthBytes=" + sent));
        goals.add(Goal.speed(gather, 0, wire).told());
      }
    }
    for (Map<String, Double> mode : List.of(gathers, saves)) {
      goals.add(0, Goal.constantMemory(CONSTANT_MIB, List.copyOf(mode.keySet())));
      goals.add(0, Goal.flat("byte", FLAT, mode));
    }
    goals.add(Goal.flat("byte", FLAT, writes).told());
    Map<String, Double> sending = new LinkedHashMap<>(gathers);
    sending.remove("gather, ranks: 1"); // nothing is sent
    if (sending.size() > 1) {
      goals.add(Goal.flat("byte", FLAT, sending).told());
    }
    return new Work(
        "ranks",
        "growing numbers of ranks save BF16 partitions, not forced",
        bytes,
        Work.Input.NONE,
        starts.of(candidates.toArray(Work.Start[]::new)),
        goals);
  }
}
