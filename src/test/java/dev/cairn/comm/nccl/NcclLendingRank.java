package dev.cairn.comm.nccl;

import dev.cairn.Checkpointer;
import dev.cairn.Checkpointers;
import dev.cairn.PendingSave;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.NcclLoan;
import dev.cairn.device.Check;
import dev.cairn.device.Device;
import dev.cairn.gpu.DeviceSaves;
import dev.cairn.gpu.OnDevice;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.GatherAlgorithm;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.FaultyDisk;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** A process that is one of three ranks of a trainer that lends its own NCCL communicator. */
final class NcclLendingRank {
  private static final int SIZE = 3;
  private static final int SIGKILL = 9;
  private static final int SYSTEM_ERROR = 2;
  private static final Device GPU = Device.cuda(0);

  private final Path folder;
  private final Communicator ranks;
  private final ParameterSet host;
  private int saves;
  private int communicators;

  private NcclLendingRank(Path folder, Communicator ranks) {
    this.folder = folder;
    this.ranks = ranks;
    this.host = NcclRanks.small().on(ranks.rank(), SIZE);
  }

  /** The argument is a folder that all share. */
  public static void main(String[] arguments) throws Exception {
    EmulatedNccl.load();
    Path folder = Path.of(arguments[0]);
    try (Communicator ranks = NcclRanks.join(folder.resolve("meet"), SIZE, Map.of())) {
      NcclLendingRank self = new NcclLendingRank(folder, ranks);
      self.communicatorThatDoesNotFitIsRefused();
      self.communicatorThatDoesNotBlockIsAsGood();
      self.savesGoOverItAndLeaveItAsItWas();
      self.backgroundSavesDoNotUseNccl();
      self.partitionsOnAnotherGpuAreRefused();
      self.afterAFullDiskItIsAsGoodAsBefore();
      self.whatAFailedRankLeavesEndsWithItsAbort();
      self.rankThatDiesIsNamed();
    }
    Check.nothingIsLeft("at the end");
    Check.equal(0, EmulatedNccl.liveCommunicators(), "communicators left");
    System.out.println("done");
  }

  private static boolean isUnfinished(NcclLoan loan) {
    return LentNccl.groupOf(loan).isUnfinished();
  }

  private interface Use {
    void with(TrainerNccl trainer, NcclLoan loan) throws Exception;
  }

  /** Lends a communicator, and ends it afterwards as its owner. */
  private void lending(Use use) throws Exception {
    ranks.control().begin("work");
    TrainerNccl trainer = TrainerNccl.join(ranks, ranks.rank(), SIZE, GPU);
    try (NcclLoan loan = ranks.lendNccl(trainer.handle())) {
      use.with(trainer, loan);
    }
    trainer.destroy();
  }

  /** Its calls return before their work is done, and refuse others until it is. */
  private void communicatorThatDoesNotBlockIsAsGood() throws Exception {
    ranks.control().begin("work");
    TrainerNccl trainer = TrainerNccl.joinWithoutBlocking(ranks, GPU);
    try (NcclLoan loan = ranks.lendNccl(trainer.handle())) {
      for (GatherAlgorithm algorithm : GatherAlgorithm.values()) {
        saveWell(algorithm, 1);
        Check.equal(true, loan.isOpen() && !isUnfinished(loan), "open");
      }
    }
    trainer.destroy();
  }

  private Path nextTarget() {
    return folder.resolve("model-" + saves++ + "-");
  }

  private void save(GatherAlgorithm algorithm, Disk disk, Device device, Path target)
      throws Exception {
    SaveOptions options = NcclRanks.options(algorithm, NcclRanks.BF16);
    try (Checkpointer checkpointer =
            Checkpointers.open(ranks, options, Optional.empty(), disk, Machine.local());
        OnDevice onDevice = new OnDevice(device, host, NcclRanks.NONE_STAYS_ON_HOST)) {
      checkpointer.save(target, onDevice.parameters(), ModelFiles.none());
      communicators = EmulatedNccl.liveCommunicators();
    }
  }

  /** Saves; at its end there are so many communicators, the trainer's among them. */
  private void saveWell(GatherAlgorithm algorithm, int expectedCommunicators) throws Exception {
    Path target = nextTarget();
    EmulatedNccl.takeCollectives();
    save(algorithm, Disk.local(), GPU, target);
    Check.equal(true, EmulatedNccl.takeCollectives() > 0, "went over NCCL");
    Check.equal(expectedCommunicators, communicators, "communicators");
    NcclRanks.checkFiles(target, NcclRanks.small(), NcclRanks.BF16);
  }

  private String fails(Disk disk) throws Exception {
    Path target = nextTarget();
    String said = NcclRanks.failure(() -> save(GatherAlgorithm.ALL_GATHER, disk, GPU, target));
    NcclRanks.checkSame(ranks, said, "save failed on rank ");
    NcclRanks.checkNothingOf(target);
    return said;
  }

  /** By ranks in another order; by two ranks only; and none at all on one rank. */
  private void communicatorThatDoesNotFitIsRefused() throws Exception {
    TrainerNccl turned = TrainerNccl.join(ranks, SIZE - 1 - ranks.rank(), SIZE, GPU);
    refused(turned.handle(), "has other ranks: rank=2 of 3, expected rank=0 of 3", 0, 2);
    turned.destroy();
    TrainerNccl own = TrainerNccl.join(ranks, ranks.rank(), SIZE, GPU);
    refused(ranks.rank() == 1 ? 0 : own.handle(), "no NCCL communicator: handle=0 on rank 1", 1);
    Check.equal(Optional.empty(), ranks.lentNccl(), "lent");
    own.destroy();
  }

  private void refused(long handle, String why, int... atFault) throws Exception {
    boolean isAtFault = false;
    for (int rank : atFault) {
      isAtFault |= rank == ranks.rank();
    }
    String mine = isAtFault && ranks.rank() == 2 ? "expected rank=2 of 3" : why;
    Class<? extends Exception> type =
        isAtFault ? IllegalArgumentException.class : CommunicationException.class;
    Check.fails(type, mine, () -> ranks.lendNccl(handle));
  }

  private void savesGoOverItAndLeaveItAsItWas() throws Exception {
    lending(
        (trainer, loan) -> {
          for (GatherAlgorithm algorithm : GatherAlgorithm.values()) {
            trainer.train();
            saveWell(algorithm, 1);
            Check.equal(true, loan.isOpen() && !isUnfinished(loan), "open");
          }
          trainer.train();
          loan.close();
          saveWell(GatherAlgorithm.ALL_GATHER, 2); // over one of Cairn's own
        });
  }

  /** Not even for what does not fit into the snapshot. */
  private void backgroundSavesDoNotUseNccl() throws Exception {
    SaveOptions options =
        DeviceSaves.options(SaveMode.GATHER, NcclRanks.BF16).snapshotBudgetBytes(0).build();
    Path run = nextTarget();
    for (int rank = 0; rank < SIZE; rank++) { // JavaCPP may load what another still unpacks
      if (rank == ranks.rank()) {
        ranks.preload();
      }
      ranks.control().allGather(new byte[0]);
    }
    lending(
        (trainer, loan) -> {
          EmulatedNccl.takeCollectives();
          try (Checkpointer checkpointer = Checkpointer.open(ranks, options, RunOptions.in(run));
              OnDevice onDevice = new OnDevice(GPU, host, NcclRanks.NONE_STAYS_ON_HOST)) {
            TrainerState state = TrainerState.builder().build();
            PendingSave pending =
                checkpointer.beginSave(1, onDevice.parameters(), ModelFiles.none(), state);
            trainer.train(); // as the call has returned
            pending.await();
            Check.equal(1, EmulatedNccl.takeCollectives(), "collectives, the trainer's");
            NcclRanks.checkFiles(run.resolve("step_1"), NcclRanks.small(), NcclRanks.BF16);
            checkpointer.save(2, onDevice.parameters(), ModelFiles.none(), state);
            Check.equal(true, EmulatedNccl.takeCollectives() > 0, "collectives of a save");
            Check.equal(1, EmulatedNccl.liveCommunicators(), "communicators");
          }
          NcclRanks.checkFiles(run.resolve("step_2"), NcclRanks.small(), NcclRanks.BF16);
        });
  }

  private void partitionsOnAnotherGpuAreRefused() throws Exception {
    lending(
        (trainer, loan) -> {
          Path target = nextTarget();
          boolean isAtFault = ranks.rank() == 1;
          Device device = Device.cuda(isAtFault ? 1 : 0);
          Class<? extends Exception> type =
              isAtFault ? IllegalArgumentException.class : CheckpointException.class;
          Check.fails(
              type,
              "lent NCCL communicator is of another GPU: device=cuda:0, expected cuda:1",
              () -> save(GatherAlgorithm.ALL_GATHER, Disk.local(), device, target));
          ranks.control().allGather(new byte[0]);
          NcclRanks.checkNothingOf(target);
          saveWell(GatherAlgorithm.ALL_GATHER, 1);
        });
  }

  private void afterAFullDiskItIsAsGoodAsBefore() throws Exception {
    lending(
        (trainer, loan) -> {
          for (int nth = 1; nth <= 3; nth++) {
            String said =
                fails(
                    FaultyDisk.failing(
                        FaultyDisk.Call.WRITE, nth, true, "No space left on device"));
            Check.equal(true, said.contains("No space left on device"), said);
            Check.equal(true, loan.isOpen() && !isUnfinished(loan), "open");
            trainer.train();
            saveWell(GatherAlgorithm.ALL_GATHER, 1);
          }
        });
  }

  /** A rank that could not queue its part: the others' hangs until the trainer aborts. */
  private void whatAFailedRankLeavesEndsWithItsAbort() throws Exception {
    EmulatedNccl.failCall(0, 0);
    String said =
        failsAndHangs(
            trainer -> {
              EmulatedNccl.failCall(ranks.rank() == 1 ? 2 : 0, SYSTEM_ERROR);
              return ranks.rank() != 1;
            });
    NcclRanks.checkSame(
        ranks, said, "save failed on rank 1 of 3: NCCL call failed: call=ncclAllGather");
    saveWell(GatherAlgorithm.ALL_GATHER, 1); // over one of Cairn's own
  }

  private void rankThatDiesIsNamed() throws Exception {
    String said =
        failsAndHangs(
            trainer -> {
              EmulatedNccl.signalInCollective(ranks.rank() == SIZE - 1 ? 2 : 0, SIGKILL);
              return true;
            });
    Check.equal(true, said.contains("rank 2 of 3"), said);
  }

  private interface Breaking {
    /** Returns whether this rank will be left with a collective that hangs. */
    boolean of(TrainerNccl trainer);
  }

  /** The trainer's own memory is freed after its abort, as that waits for the whole GPU. */
  private String failsAndHangs(Breaking breaking) throws Exception {
    ranks.control().begin("work");
    TrainerNccl trainer = TrainerNccl.join(ranks, ranks.rank(), SIZE, GPU);
    NcclLoan loan = ranks.lendNccl(trainer.handle());
    boolean hangs = breaking.of(trainer);
    SaveOptions options = NcclRanks.options(GatherAlgorithm.ALL_GATHER, NcclRanks.BF16);
    try (OnDevice onDevice = new OnDevice(GPU, host, NcclRanks.NONE_STAYS_ON_HOST)) {
      Path target = nextTarget();
      String said;
      try (Checkpointer checkpointer = Checkpointer.open(ranks, options)) {
        NcclRanks.Save save =
            () -> checkpointer.save(target, onDevice.parameters(), ModelFiles.none());
        said = NcclRanks.failure(save);
        Check.equal(false, loan.isOpen(), "open");
        Check.equal(hangs, isUnfinished(loan), "unfinished");
        Check.equal(1, EmulatedNccl.liveCommunicators(), "communicators: not aborted by Cairn");
        if (ranks.control().failure().filter(broken -> broken.rank() == SIZE - 1).isEmpty()) {
          String again = NcclRanks.failure(save);
          Check.equal(true, again.contains("lent NCCL communicator: abort it first"), again);
        }
      }
      trainer.abort();
      for (int tries = 0; isUnfinished(loan) && tries < 10_000; tries++) {
        Thread.sleep(1);
      }
      if (ranks.rank() == 0) {
        NcclRanks.checkNothingOf(target);
      }
      return said;
    }
  }
}
