package dev.cairn.benchmarks;

import dev.cairn.benchmarks.machine.Settings;
import dev.cairn.benchmarks.plan.PlanProgram;
import dev.cairn.benchmarks.report.Goal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Workloads in which no disk takes part: kernels, planning, the start of the command line. */
final class ProcessorWorks {
  private static final long MIB = 1 << 20;
  private static final double PLAN_SECONDS = 0.15;
  private static final double PLAN_MIB = 100;

  private final Settings settings;
  private final Starts starts;

  ProcessorWorks(Settings settings, Starts starts) {
    this.settings = settings;
    this.starts = starts;
  }

  List<Work> all() {
    return List.of(kernels(), plan(), start());
  }

  private Work kernels() {
    return new Work(
        "kernels",
        "one thread over 64 MiB of input; each run is a fork of JMH",
        0,
        Work.Input.NONE,
        starts.of(
            starts.kernel("memcpy", 128 * MIB, "memcpy", "native"),
            starts.kernel("cast to BF16 and CRC32C", 96 * MIB, "castToBf16", "native"),
            starts.kernel("cast to BF16 and CRC32C, Java", 96 * MIB, "castToBf16", "java"),
            starts.kernel("CRC32C", 64 * MIB, "crc32c", "native"),
            starts.kernel("CRC32C, best known", 64 * MIB, "crc32cBestKnown", "native"),
            starts.kernel("read", 64 * MIB, "read", "native"),
            starts.kernel("product added to F32", 128 * MIB, "addProductToF32", "native"),
            starts.peer("matmul F32", 128 * MIB, 1),
            starts.kernel("product added to BF16", 64 * MIB, "addProductToBf16", "native"),
            starts.kernel("product of BF16, added", 64 * MIB, "addBf16ProductToBf16", "native"),
            starts.peer("matmul BF16", 64 * MIB, 1)),
        List.of(
            Goal.bytesPerSecond("cast to BF16 and CRC32C", 0.8, "memcpy"),
            Goal.bytesPerSecond("cast to BF16 and CRC32C", 3, "cast to BF16 and CRC32C, Java"),
            Goal.bytesPerSecond("CRC32C", 0.9, "CRC32C, best known"),
            Goal.bytesPerSecond("CRC32C", 0, "read").told(),
            Goal.speed("product added to F32", 0, "matmul F32").told(),
            Goal.speed("product of BF16, added", 0, "matmul BF16").told()));
  }

  private Work plan() {
    List<Work.Start> candidates = new ArrayList<>();
    Map<String, Double> cold = new LinkedHashMap<>();
    Map<String, Double> warm = new LinkedHashMap<>();
    List<Goal> goals = new ArrayList<>();
    for (int tensors : settings.tensors()) {
      String fresh = "%d tensors, fresh JVM".formatted(tensors);
      String again = "%d tensors, warm".formatted(tensors);
      candidates.add(starts.fresh(fresh, 0, PlanProgram.class, tensors));
      candidates.add(starts.warm(again, 0, PlanProgram.class, tensors, 5 * settings.uncounted()));
      cold.put(fresh, (double) tensors);
      warm.put(again, (double) tensors);
      if (tensors == 100_000) {
        goals.add(Goal.seconds(fresh, PLAN_SECONDS));
        goals.add(Goal.seconds(again, PLAN_SECONDS));
        goals.add(Goal.mebibytes(fresh, PLAN_MIB));
        goals.add(Goal.mebibytes(again, PLAN_MIB));
      }
    }
    goals.add(Goal.flat("tensor", 1.25, cold));
    goals.add(Goal.flat("tensor", 1.25, warm));
    return new Work(
        "plan",
        "one rank of 1 024 plans: files, headers, index, fingerprint, its own chunks; MiB"
            + " allocated",
        0,
        Work.Input.NONE,
        starts.of(candidates.toArray(Work.Start[]::new)),
        goals);
  }

  private Work start() {
    String sample =
        settings.home().resolve("target/cairn/sample/base/model.safetensors").toString();
    return new Work(
        "start",
        "bin/cairn, whole process",
        0,
        Work.Input.NONE,
        starts.of(
            starts.program("java -version", 0, "java", "-version"),
            starts.cairn("cairn --version", 0, "--version"),
            starts.cairn("cairn inspect", 0, "inspect", sample)),
        List.of(Goal.seconds("cairn inspect", 0.4)));
  }
}
