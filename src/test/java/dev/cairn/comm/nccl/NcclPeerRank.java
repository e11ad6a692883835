package dev.cairn.comm.nccl;

import dev.cairn.Checkpointer;
import dev.cairn.Checkpointers;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Check;
import dev.cairn.device.Device;
import dev.cairn.gpu.OnDevice;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.GatherAlgorithm;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.FaultyDisk;
import dev.cairn.support.ProcessSignal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A process that is one of three ranks in the middle of saves in which a disk is slow, a collective
 * hangs, and a rank is stopped or killed.
 */
final class NcclPeerRank {
  private static final int SIGKILL = 9;
  private static final int SIGSTOP = 19;
  private static final int IN_THE_MIDDLE = 2;
  private static final long OPERATION_TIMEOUT_MILLIS = 4000;
  private static final long STALL_MILLIS = 500;

  private final Path folder;
  private final int rank = NcclRanks.rank();
  private int meetings;

  private NcclPeerRank(Path folder) {
    this.folder = folder;
  }

  /** The argument is a folder that all share. */
  public static void main(String[] arguments) throws Exception {
    EmulatedNccl.load();
    NcclPeerRank self = new NcclPeerRank(Path.of(arguments[0]));
    self.nobodyWaitsInsideACollectiveForASlowDisk();
    self.collectiveThatHangsIsGivenUp();
    self.stopped(1, GatherAlgorithm.ALL_GATHER);
    self.stopped(0, GatherAlgorithm.SEND_RECEIVE);
    self.killed(2, 3, GatherAlgorithm.ALL_GATHER);
    self.killed(0, 2, GatherAlgorithm.SEND_RECEIVE);
    self.whatRankZeroLeftIsRemovedByTheNextSave();
    Check.nothingIsLeft("at the end");
    Check.equal(0, EmulatedNccl.liveCommunicators(), "communicators left");
    System.out.println("done");
  }

  private Communicator join(int size) throws Exception {
    return NcclRanks.join(folder.resolve("meet-" + meetings++), size, Map.of());
  }

  private static void save(Communicator ranks, GatherAlgorithm algorithm, Disk disk, Path target)
      throws Exception {
    ParameterSet host = NcclRanks.small().on(ranks.rank(), ranks.size());
    SaveOptions options = NcclRanks.options(algorithm, NcclRanks.BF16);
    try (Checkpointer checkpointer =
            Checkpointers.open(ranks, options, Optional.empty(), disk, Machine.local());
        OnDevice trainer = new OnDevice(Device.cuda(0), host, NcclRanks.NONE_STAYS_ON_HOST)) {
      checkpointer.save(target, trainer.parameters(), ModelFiles.none());
    }
  }

  private void saveWell(Communicator ranks, String name) throws Exception {
    Path target = folder.resolve(name);
    save(ranks, GatherAlgorithm.ALL_GATHER, Disk.local(), target);
    NcclRanks.checkFiles(target, NcclRanks.small(), NcclRanks.BF16);
  }

  /** The writes take longer in all than a rank may be silent, and than any step may take. */
  private void nobodyWaitsInsideACollectiveForASlowDisk() throws Exception {
    try (Communicator ranks = join(3)) {
      Path target = folder.resolve("slow");
      EmulatedNccl.takeLongestCollectiveMillis();
      long start = System.nanoTime();
      save(
          ranks,
          GatherAlgorithm.ALL_GATHER,
          FaultyDisk.slow(FaultyDisk.Call.WRITE, STALL_MILLIS),
          target);
      long tookMillis = (System.nanoTime() - start) / 1_000_000;
      NcclRanks.checkFiles(target, NcclRanks.small(), NcclRanks.BF16);
      long longestMillis = EmulatedNccl.takeLongestCollectiveMillis();
      System.out.println("slow: tookMillis=" + tookMillis + ", longestMillis=" + longestMillis);
      Check.equal(true, tookMillis > OPERATION_TIMEOUT_MILLIS, "slow enough");
      Check.equal(true, longestMillis < STALL_MILLIS * 3 / 4, "a collective was short");
    }
  }

  /** All ranks are well, and none knows why. */
  private void collectiveThatHangsIsGivenUp() throws Exception {
    try (Communicator ranks = join(3)) {
      EmulatedNccl.failCollective(rank == 1 ? IN_THE_MIDDLE : 0, EmulatedNccl.HANGS);
      Path target = folder.resolve("hangs");
      String said =
          NcclRanks.failure(() -> save(ranks, GatherAlgorithm.ALL_GATHER, Disk.local(), target));
      NcclRanks.checkSame(ranks, said, "NCCL's collective did not end: timeoutSeconds=3, rank=");
      NcclRanks.checkNothingOf(target);
      saveWell(ranks, "after-hangs");
    }
  }

  private void stopped(int stopping, GatherAlgorithm algorithm) throws Exception {
    Path target = folder.resolve("stopped-" + stopping);
    try (Communicator ranks = join(3)) {
      long pid = NcclRanks.pidOf(ranks, stopping);
      EmulatedNccl.signalInCollective(rank == stopping ? IN_THE_MIDDLE : 0, SIGSTOP);
      String said = NcclRanks.failure(() -> save(ranks, algorithm, Disk.local(), target));
      System.out.println(said);
      if (rank != stopping) {
        String silent = "rank " + stopping + " of 3 gave no sign of life for 2.0 s";
        Check.equal(true, said.contains(silent), said);
        sameOnRanks("stopped-" + stopping, said, IntStream.range(0, 3).filter(r -> r != stopping));
      }
      if (rank == (stopping == 1 ? 0 : 1)) {
        ProcessSignal.send(pid, "CONT");
      }
    }
    try (Communicator ranks = join(3)) {
      ranks.control().allGather(new byte[0]);
      NcclRanks.checkNothingOf(target);
      saveWell(ranks, "after-stopped-" + stopping);
    }
  }

  private void killed(int dying, int size, GatherAlgorithm algorithm) throws Exception {
    if (rank >= size) {
      return;
    }
    Path target = folder.resolve("killed-" + dying);
    try (Communicator ranks = join(size)) {
      EmulatedNccl.signalInCollective(rank == dying ? IN_THE_MIDDLE : 0, SIGKILL);
      String said = NcclRanks.failure(() -> save(ranks, algorithm, Disk.local(), target));
      System.out.println(said);
      Check.equal(true, said.contains("rank " + dying + " of " + size), said);
      sameOnRanks("killed-" + dying, said, IntStream.range(0, size).filter(r -> r != dying));
    }
    if (dying != 0) {
      NcclRanks.checkNothingOf(target);
    }
  }

  /** The last rank goes on alone. */
  private void whatRankZeroLeftIsRemovedByTheNextSave() throws Exception {
    Path target = folder.resolve("killed-0");
    try (Communicator single = Communicator.single()) {
      save(single, GatherAlgorithm.ALL_GATHER, Disk.local(), target);
    }
    NcclRanks.checkFiles(target, NcclRanks.small(), NcclRanks.BF16);
    try (var all = Files.list(folder)) {
      List<Path> left = all.filter(path -> path.toString().contains("killed-0")).toList();
      Check.equal(List.of(target), left, "left");
    }
  }

  /** Throws unless these ranks say the same, who cannot ask each other any more. */
  private void sameOnRanks(String what, String said, IntStream ranks) throws Exception {
    Path texts = Files.createDirectories(folder.resolve("said"));
    Path own = Files.writeString(texts.resolve("writing-" + rank), said);
    Files.move(own, texts.resolve(what + "-" + rank));
    for (int other : ranks.toArray()) {
      Path path = texts.resolve(what + "-" + other);
      for (int tries = 0; !Files.exists(path) && tries < 10_000; tries++) {
        Thread.sleep(1);
      }
      Check.equal(said, Files.readString(path), "said by rank " + other);
    }
  }
}
