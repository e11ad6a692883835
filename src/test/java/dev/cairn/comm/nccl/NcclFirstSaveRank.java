package dev.cairn.comm.nccl;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Check;
import dev.cairn.device.Device;
import dev.cairn.gpu.OnDevice;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.GatherAlgorithm;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.ProcessSignal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * A process that is one of three ranks whose first gather goes wrong before anything was gathered:
 * no kernel has been launched by then, and no rank is connected with another.
 */
final class NcclFirstSaveRank {
  private static final int SIZE = 3;
  private static final int LAST = SIZE - 1;
  private static final int SYSTEM_ERROR = 2;
  private static final int SIGKILL = 9;
  private static final int SIGSTOP = 19;

  private NcclFirstSaveRank() {}

  /** The arguments are the algorithm, a folder that all share, and what goes wrong. */
  public static void main(String[] arguments) throws Exception {
    EmulatedNccl.load();
    Check.endsWithin(Duration.ofMinutes(2));
    GatherAlgorithm algorithm = GatherAlgorithm.valueOf(arguments[0]);
    Path folder = Path.of(arguments[1]);
    try (Communicator ranks = NcclRanks.join(folder.resolve("meet"), SIZE, Map.of())) {
      switch (arguments[2]) {
        case "fails" -> callOfTheFirstCollectiveFails(ranks, algorithm, folder);
        case "dies" -> rankDiesBeforeItsFirstCollective(ranks, algorithm, folder);
        case "stops" -> rankStopsBeforeItsFirstCollective(ranks, algorithm, folder);
        default -> throw new IllegalArgumentException(arguments[2]);
      }
    }
    Check.nothingIsLeft("at the end");
    Check.equal(0, EmulatedNccl.liveCommunicators(), "communicators left");
    Check.equal(0, EmulatedNccl.unsafeAborts(), "aborts while a call was being made");
    System.out.println("done");
  }

  /** NCCL's own call then fails on the others, who are not to blame. */
  private static void rankDiesBeforeItsFirstCollective(
      Communicator ranks, GatherAlgorithm algorithm, Path folder) throws Exception {
    EmulatedNccl.signalInCall(ranks.rank() == LAST ? 2 : 0, SIGKILL); // after ncclCommInitRank
    String said = failure(ranks, algorithm, folder.resolve("model"));
    Check.equal(true, said.contains("save failed on rank 2 of 3: rank 2 of 3 closed"), said);
    if (ranks.rank() == 0) {
      NcclRanks.checkNothingOf(folder.resolve("model"));
    }
  }

  /** Nobody can connect with it, and nobody notices but the control channel. */
  private static void rankStopsBeforeItsFirstCollective(
      Communicator ranks, GatherAlgorithm algorithm, Path folder) throws Exception {
    EmulatedNccl.signalInCall(ranks.rank() == LAST ? 2 : 0, SIGSTOP);
    long pid = NcclRanks.pidOf(ranks, LAST);
    String said = failure(ranks, algorithm, folder.resolve("model"));
    if (ranks.rank() != LAST) {
      Check.equal(true, said.contains("rank 2 of 3 gave no sign of life for 5.0 s"), said);
    }
    if (ranks.rank() == 0) {
      NcclRanks.checkNothingOf(folder.resolve("model"));
      Thread.sleep(1000); // the other one has failed by then as well
      ProcessSignal.send(pid, "CONT");
    }
    for (int tries = 0; EmulatedNccl.liveCommunicators() > 0 && tries < 10_000; tries++) {
      Thread.sleep(1); // until the call has returned that was left
    }
  }

  private static String failure(Communicator ranks, GatherAlgorithm algorithm, Path target)
      throws Exception {
    ParameterSet host = NcclRanks.small().on(ranks.rank(), SIZE);
    SaveOptions options = NcclRanks.options(algorithm, NcclRanks.BF16);
    try (Checkpointer checkpointer = Checkpointer.open(ranks, options);
        OnDevice trainer = new OnDevice(Device.cuda(0), host, NcclRanks.NONE_STAYS_ON_HOST)) {
      return NcclRanks.failure(
          () -> checkpointer.save(target, trainer.parameters(), ModelFiles.none()));
    }
  }

  /** Rank 1 queues nothing, so that what the others have queued, or try to, does not end. */
  private static void callOfTheFirstCollectiveFails(
      Communicator ranks, GatherAlgorithm algorithm, Path folder) throws Exception {
    ParameterSet host = NcclRanks.small().on(ranks.rank(), SIZE);
    SaveOptions options = NcclRanks.options(algorithm, NcclRanks.BF16);
    Path target = folder.resolve("model");
    try (Checkpointer checkpointer = Checkpointer.open(ranks, options);
        OnDevice trainer = new OnDevice(Device.cuda(0), host, NcclRanks.NONE_STAYS_ON_HOST)) {
      EmulatedNccl.failCall(ranks.rank() == 1 ? 2 : 0, SYSTEM_ERROR); // after ncclCommInitRank
      String said =
          NcclRanks.failure(
              () -> checkpointer.save(target, trainer.parameters(), ModelFiles.none()));
      NcclRanks.checkSame(ranks, said, "save failed on rank 1 of 3: NCCL call failed");
      NcclRanks.checkNothingOf(target);
      checkpointer.save(target, trainer.parameters(), ModelFiles.none());
      NcclRanks.checkFiles(target, NcclRanks.small(), NcclRanks.BF16);
    }
  }
}
