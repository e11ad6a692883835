package dev.cairn.benchmarks;

import dev.cairn.benchmarks.candidates.Candidate;
import dev.cairn.benchmarks.machine.Folders;
import dev.cairn.benchmarks.machine.Settings;
import dev.cairn.benchmarks.report.Goal;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Workloads that convert what torch.distributed.checkpoint wrote, which only Python can make. */
final class DistributedWorks {
  private static final String CAIRN = "cairn consolidate, DCP";
  private static final String START = "cairn --version";
  private static final String TORCH_SAVE = "dcp_to_torch_save";
  private static final String CONSOLIDATION = "dcp consolidation";
  private static final String BOUND = "read and write 16 bits, 1 process";
  private static final double MIB = 128;
  private static final int RANKS = 2;

  private final Settings settings;
  private final Starts starts;

  DistributedWorks(Settings settings, Starts starts) {
    this.settings = settings;
    this.starts = starts;
  }

  List<Work> all() {
    return starts.hasPeers()
        ? List.of(
            consolidate("consolidate-dcp", settings.parameters(), true),
            consolidate("consolidate-dcp-large", settings.large(), false))
        : List.of();
  }

  /** The peers' own work is measured in processes that live, and whole processes beside it. */
  private Work consolidate(String name, double parameters, boolean withPeers) {
    Path input = settings.input();
    Path checkpoint = input.resolve("dcp");
    List<Work.Start> all = new ArrayList<>();
    all.add(starts.raw(BOUND, 0, "convert", 1, checkpoint, 1));
    all.add(starts.cairn(START, 0, "--version"));
    all.add(starts.cairn(CAIRN, 0, "consolidate", checkpoint.toString(), "{}"));
    List<Goal> goals = new ArrayList<>();
    goals.add(Goal.mebibytes(CAIRN, MIB));
    if (withPeers) {
      for (String peer : List.of(TORCH_SAVE, CONSOLIDATION)) {
        all.add(starts.peer(peer, 0, 1, parameters));
        all.add(starts.peerOnce(peer + ", whole process", peer, parameters));
        goals.add(Goal.speed(CAIRN, 2, peer));
        goals.add(Goal.speedLess(CAIRN, START, 2, peer).told());
        goals.add(Goal.speed(CAIRN, 2, peer + ", whole process").told());
      }
    } else {
      goals.add(Goal.speedLess(CAIRN, START, 0.8, BOUND));
    }
    return new Work(
        name,
        String.format(
            Locale.ROOT,
            "a checkpoint of torch.distributed of %.3gB parameters in BF16 by %d ranks into a BF16"
                + " folder, whole process; the peers from the same model",
            parameters / 1e9,
            RANKS),
        DType.BF16.bytes((long) parameters),
        folder -> {
          make("dcp files", parameters, folder.resolve("dcp"));
          if (withPeers) {
            make("dcp", parameters, folder.resolve("shards"));
          }
          Folders.force(folder);
        },
        starts.of(all.toArray(Work.Start[]::new)),
        goals);
  }

  private void make(String peer, double parameters, Path target) throws IOException {
    Files.createDirectories(target);
    try (Candidate made = starts.peer(peer, 0, RANKS, parameters).opening().open()) {
      made.run(target);
    }
  }
}
