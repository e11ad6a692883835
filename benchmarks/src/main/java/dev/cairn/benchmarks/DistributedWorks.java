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

/**
 * Workloads that convert what torch.distributed.checkpoint wrote, which only Python can make.
 *
 * <p>Like is held against like: the work alone, in processes that live, and whole processes. Each
 * peer has the input that it takes: {@code dcp_to_torch_save} the files of torch's own format,
 * DCP's consolidation the safetensors shards of the same model. All read and write as many bytes,
 * on one disk, and nobody forces them. Beside that Cairn compares the checksums in torch's files,
 * which the peers do not look at, and computes those of its manifest.
 */
final class DistributedWorks {
  private static final String CAIRN = "cairn consolidate, DCP";
  private static final String CAIRN_SHARDS = "cairn consolidate, DCP's safetensors";
  private static final String WORK = CAIRN + ", the work";
  private static final String WORK_SHARDS = CAIRN_SHARDS + ", the work";
  private static final String WHOLE = ", whole process";
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

  private Work consolidate(String name, double parameters, boolean withPeers) {
    Path checkpoint = settings.input().resolve("dcp");
    List<Work.Start> all = new ArrayList<>();
    all.add(starts.raw(BOUND, 0, "convert", 1, checkpoint, 1));
    all.add(starts.cairn(START, 0, "--version"));
    List<Goal> goals = new ArrayList<>();
    addCairn(CAIRN, checkpoint, all, goals);
    if (withPeers) {
      Path shards = settings.input().resolve("shards");
      addCairn(CAIRN_SHARDS, shards, all, goals);
      all.add(starts.warm(WORK, 0, DistributedConversion.class, checkpoint));
      all.add(starts.warm(WORK_SHARDS, 0, DistributedConversion.class, shards));
      addPeer(TORCH_SAVE, CAIRN, WORK, parameters, all, goals);
      addPeer(CONSOLIDATION, CAIRN_SHARDS, WORK_SHARDS, parameters, all, goals);
    } else {
      goals.add(Goal.speedLess(CAIRN, START, 0.8, BOUND));
    }
    return new Work(
        name,
        String.format(
            Locale.ROOT,
            "a checkpoint of torch.distributed of %.3gB parameters in BF16 by %d ranks into a BF16"
                + " folder",
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

  private void addCairn(String name, Path input, List<Work.Start> all, List<Goal> goals) {
    all.add(starts.cairn(name, 0, "consolidate", input.toString(), "{}"));
    goals.add(Goal.mebibytes(name, MIB));
  }

  private void addPeer(
      String peer,
      String cairn,
      String work,
      double parameters,
      List<Work.Start> all,
      List<Goal> goals) {
    all.add(starts.peer(peer, 0, 1, parameters));
    all.add(starts.peerOnce(peer + WHOLE, peer, parameters));
    goals.add(Goal.speed(work, 2, peer));
    goals.add(Goal.speed(cairn, 2, peer + WHOLE));
    goals.add(Goal.speedLess(cairn, START, 2, peer).told());
    goals.add(Goal.speed(cairn, 2, peer).told());
  }

  private void make(String peer, double parameters, Path target) throws IOException {
    Files.createDirectories(target);
    try (Candidate made = starts.peer(peer, 0, RANKS, parameters).opening().open()) {
      made.run(target);
    }
  }
}
