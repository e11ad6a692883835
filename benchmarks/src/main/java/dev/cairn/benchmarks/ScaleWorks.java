package dev.cairn.benchmarks;

import dev.cairn.benchmarks.machine.Settings;
import dev.cairn.benchmarks.report.Goal;
import dev.cairn.benchmarks.scale.ManyRanks;
import dev.cairn.machine.OpenFiles;
import dev.cairn.options.SaveMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What many ranks cost beside the bytes that they save. */
final class ScaleWorks {
  private static final int LARGEST = 4096;
  private static final double JOIN_SECONDS = 5;
  private static final double ROUND_SECONDS = 0.3;
  private static final double SAVE_SECONDS = 3;
  private static final double HUB_MIB = 300;
  private static final double FLAT = 1.25;
  private static final int THREADS = 1024;
  private static final int TENSORS = 300;
  private static final long FILES_OF_A_PROCESS = 200;
  private static final double GATHER_SECONDS = 10;

  private final Settings settings;
  private final Starts starts;

  ScaleWorks(Settings settings, Starts starts) {
    this.settings = settings;
    this.starts = starts;
  }

  Work scale() {
    List<Work.Start> candidates = new ArrayList<>();
    List<Goal> goals = new ArrayList<>();
    Map<String, Double> others = new LinkedHashMap<>();
    for (int world : settings.ranks()) {
      String join = "join, ranks: " + world;
      String round = "round, ranks: " + world;
      String save = "save, ranks: " + world;
      candidates.add(manyRanks(join, ManyRanks.JOIN, world));
      candidates.add(manyRanks(round, ManyRanks.ROUND, world));
      candidates.add(manyRanks(save, ManyRanks.SAVE, world));
      others.put(save, world - 1.0);
      if (world == LARGEST) {
        goals.add(Goal.seconds(join, JOIN_SECONDS));
        goals.add(Goal.seconds(round, ROUND_SECONDS));
        goals.add(Goal.seconds(save, SAVE_SECONDS));
        goals.add(Goal.mebibytes(join, HUB_MIB));
        goals.add(Goal.mebibytes(save, HUB_MIB));
      }
    }
    goals.add(Goal.flatSent("rank", FLAT, others));
    String gather = "gather, threads: " + settings.threads();
    String parallel = "parallel, threads: " + settings.threads();
    candidates.add(starts.threads(gather, SaveMode.GATHER, settings.threads(), TENSORS));
    candidates.add(starts.threads(parallel, SaveMode.PARALLEL, settings.threads(), TENSORS));
    if (settings.threads() == THREADS) {
      goals.add(Goal.seconds(gather, GATHER_SECONDS));
    }
    goals.add(Goal.speed(gather, 0, parallel).told());
    return new Work(
        "scale",
        "rank 0 of many ranks that save next to nothing; threads as ranks that save %d tensors of"
                .formatted(TENSORS)
            + " 2 and 128 KiB",
        0,
        Work.Input.NONE,
        starts.of(candidates.toArray(Work.Start[]::new)),
        goals);
  }

  /** Returns nothing where the system lets a process open too few files. */
  private Work.Start manyRanks(String name, String work, int world) {
    long limit = OpenFiles.limit().orElse(Long.MAX_VALUE);
    if (limit < 2L * world + FILES_OF_A_PROCESS) {
      System.out.printf("%s is left out: ulimit -n is %d%n", name, limit);
      return null;
    }
    return starts.manyRanks(name, work, world);
  }
}
