package dev.cairn.comm.nccl;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Check;
import dev.cairn.device.Device;
import dev.cairn.gpu.OnDevice;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.GatherAlgorithm;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A process that is a rank of one group after the other, and gathers with NCCL in each. */
final class NcclSaveRank {
  private static final int SYSTEM_ERROR = 2;

  private final Path folder;
  private int saves;

  private NcclSaveRank(Path folder) {
    this.folder = folder;
  }

  /** The arguments are what to do, how large the largest group is, and a folder that all share. */
  public static void main(String[] arguments) throws Exception {
    EmulatedNccl.load();
    int largest = Integer.parseInt(arguments[1]);
    NcclSaveRank self = new NcclSaveRank(Path.of(arguments[2]));
    boolean saves = arguments[0].equals("saves");
    for (int size = saves ? 1 : largest; size <= largest; size++) {
      self.saves = 0; // all ranks of a group count alike
      if (NcclRanks.rank() < size) {
        Path meeting = self.folder.resolve("meet-" + size);
        try (Communicator ranks = NcclRanks.join(meeting, size, Map.of())) {
          if (saves) {
            self.savesAreRight(ranks);
          } else {
            self.everyFailureIsToldToAll(ranks);
          }
        }
      }
    }
    Check.nothingIsLeft("at the end");
    Check.equal(0, EmulatedNccl.liveCommunicators(), "communicators left");
    System.out.println("done");
  }

  private Path nextTarget(Communicator ranks) {
    return folder.resolve("model-" + ranks.size() + "-" + saves++ + "-");
  }

  private void savesAreRight(Communicator ranks) throws Exception {
    ReferenceModel model = NcclRanks.everyDType(ranks.size());
    ParameterSet host = model.on(ranks.rank(), ranks.size());
    for (GatherAlgorithm algorithm : GatherAlgorithm.values()) {
      boolean gathersAll = algorithm == GatherAlgorithm.ALL_GATHER;
      Optional<DType> other = Optional.of(gathersAll ? DType.F16 : DType.F32);
      for (Optional<DType> dtype : List.of(NcclRanks.BF16, other, Optional.<DType>empty())) {
        Path target = nextTarget(ranks);
        try (Checkpointer checkpointer =
                Checkpointer.open(ranks, NcclRanks.options(algorithm, dtype));
            OnDevice trainer =
                new OnDevice(Device.cuda(ranks.rank() % 2), host, NcclRanks.NONE_STAYS_ON_HOST)) {
          checkpointer.save(target, trainer.parameters(), ModelFiles.none());
          boolean used = EmulatedNccl.liveCommunicators() == 1;
          Check.equal(ranks.size() > 1, used, "NCCL used by a group of " + ranks.size());
        }
        if (ranks.rank() == saves % ranks.size()) { // one looks, another one each time
          NcclRanks.checkFiles(target, model, dtype);
        }
      }
    }
  }

  private interface Failing {
    void nth(int nth);
  }

  /** Fails each call of NCCL's in turn, then each collective, on rank 0 and on the last. */
  private void everyFailureIsToldToAll(Communicator ranks) throws Exception {
    for (GatherAlgorithm algorithm : GatherAlgorithm.values()) {
      for (int culprit : List.of(0, ranks.size() - 1)) {
        int calls =
            failures(
                ranks, algorithm, culprit, nth -> EmulatedNccl.failCall(nth, SYSTEM_ERROR), 1_000);
        int work =
            failures(
                ranks,
                algorithm,
                culprit,
                nth -> EmulatedNccl.failCollective(nth, SYSTEM_ERROR),
                1_000);
        failures(ranks, algorithm, culprit, nth -> EmulatedNccl.failQuery(nth, SYSTEM_ERROR), 2);
        System.out.println(algorithm + ", rank " + culprit + ": failures=" + calls + "," + work);
        Check.equal(true, calls > 3 && work >= 3, "enough places to fail at");
      }
    }
  }

  /** Returns how many failures there were, until a save does not get that far, or {@code most}. */
  private int failures(
      Communicator ranks, GatherAlgorithm algorithm, int culprit, Failing failing, int most)
      throws Exception {
    ParameterSet host = NcclRanks.small().on(ranks.rank(), ranks.size());
    try (OnDevice trainer = new OnDevice(Device.cuda(0), host, NcclRanks.NONE_STAYS_ON_HOST)) {
      for (int nth = 1; nth <= most; nth++) {
        try (Checkpointer checkpointer =
            Checkpointer.open(ranks, NcclRanks.options(algorithm, NcclRanks.BF16))) {
          if (ranks.rank() == culprit) {
            failing.nth(nth);
          }
          if (!fails(ranks, culprit, checkpointer, trainer.parameters())) {
            return nth - 1;
          }
          Path target = nextTarget(ranks);
          checkpointer.save(target, trainer.parameters(), ModelFiles.none());
          NcclRanks.checkFiles(target, NcclRanks.small(), NcclRanks.BF16);
        }
      }
    }
    return most;
  }

  /** Returns whether the failure was reached, after a check of what came of it on all ranks. */
  private boolean fails(
      Communicator ranks, int culprit, Checkpointer checkpointer, ParameterSet parameters)
      throws Exception {
    Path target = nextTarget(ranks);
    long start = System.nanoTime();
    String said = "";
    try {
      checkpointer.save(target, parameters, ModelFiles.none());
    } catch (CheckpointException e) {
      said = e.getMessage();
    }
    Check.equal(true, System.nanoTime() - start < 20_000_000_000L, "in time");
    byte[] pending = {(byte) (EmulatedNccl.failureIsPending() ? 1 : 0)};
    boolean reached = ranks.control().allGather(pending).get(culprit)[0] == 0;
    EmulatedNccl.failCall(0, 0);
    EmulatedNccl.failCollective(0, 0);
    EmulatedNccl.failQuery(0, 0);
    Check.equal(reached, !said.isEmpty(), "failed");
    if (reached) {
      NcclRanks.checkSame(ranks, said, "save failed on rank " + culprit + " of ");
      Check.equal(true, said.contains("NCCL call failed: call="), said);
      Check.equal(true, said.contains("injected into "), said);
      Check.equal(0, EmulatedNccl.liveCommunicators(), "communicators left by a failed save");
      NcclRanks.checkNothingOf(target);
    }
    return reached;
  }
}
