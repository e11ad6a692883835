package dev.cairn;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.EmulatedNccl;
import dev.cairn.device.Check;
import dev.cairn.device.Device;
import dev.cairn.hf.ModelFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * A process that is one of three ranks whose first gather goes wrong before anything was gathered:
 * no kernel has been launched by then, and no rank is connected with another.
 */
final class NcclFirstSaveRank {
  private static final int SIZE = 3;
  private static final int SYSTEM_ERROR = 2;

  private NcclFirstSaveRank() {}

  /** The arguments are the algorithm, and a folder that all share. */
  public static void main(String[] arguments) throws Exception {
    EmulatedNccl.load();
    Check.endsWithin(Duration.ofSeconds(60));
    GatherAlgorithm algorithm = GatherAlgorithm.valueOf(arguments[0]);
    Path folder = Path.of(arguments[1]);
    try (Communicator ranks = NcclRanks.join(folder.resolve("meet"), SIZE, Map.of())) {
      callOfTheFirstCollectiveFails(ranks, algorithm, folder);
    }
    Check.nothingIsLeft("at the end");
    Check.equal(0, EmulatedNccl.liveCommunicators(), "communicators left");
    Check.equal(0, EmulatedNccl.unsafeAborts(), "aborts while a call was being made");
    System.out.println("done");
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
