package dev.cairn.gpu;

import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.nccl.NcclGroup;
import dev.cairn.device.Check;
import dev.cairn.device.Device;
import dev.cairn.device.Emulation;
import dev.cairn.hf.ModelFiles;
import dev.cairn.kernels.DeviceKernels;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A process that is a rank of groups of 1, 2, … ranks, one after the other, and saves with each;
 * each group restores what the one before saved. Two ranks gather over Gloo, too.
 */
final class DeviceSaveRank {
  private static final Optional<DType> BF16 = Optional.of(DType.BF16);
  private static final int GATHERING_RANKS = 2;
  private static final int SOME_STAY_ON_HOST = 3;
  private static final int NONE_STAYS_ON_HOST = 1_000_000;

  private final Path folder;
  private final RunOptions run;

  private DeviceSaveRank(Path folder) {
    this.folder = folder;
    this.run = RunOptions.in(folder.resolve("run"));
  }

  /** The arguments are how large the largest group is, and a folder that all share. */
  public static void main(String[] arguments) throws Exception {
    Emulation.load();
    DeviceKernels.load();
    System.clearProperty("java.library.path"); // where the emulated NCCL would be found
    int rank = Integer.parseInt(System.getenv("RANK"));
    int largest = Integer.parseInt(arguments[0]);
    DeviceSaveRank self = new DeviceSaveRank(Path.of(arguments[1]));
    for (int worldSize = rank + 1; worldSize <= largest; worldSize++) {
      try (Communicator ranks = self.join(rank, worldSize)) {
        self.work(ranks);
      }
      Check.nothingIsLeft("after a group of " + worldSize);
    }
    if (rank == 0) {
      try (Communicator single = Communicator.single()) {
        self.restore(single);
      }
    }
    System.out.println("done");
  }

  private Communicator join(int rank, int worldSize) throws Exception {
    Path meeting = Files.createDirectories(folder.resolve("meet-" + worldSize));
    return Communicator.fromEnvironment(
        Map.of(
            "RANK",
            Integer.toString(rank),
            "WORLD_SIZE",
            Integer.toString(worldSize),
            "CAIRN_RENDEZVOUS",
            meeting.toString(),
            "CAIRN_TIMEOUT_SECONDS",
            "30"));
  }

  private void work(Communicator ranks) throws Exception {
    if (ranks.size() > 1) {
      restore(ranks);
    }
    DeviceRestores.save(ranks, run, ranks.size(), BF16);
    Path target = folder.resolve("parallel-" + ranks.size());
    DeviceSaves.save(ranks, DeviceSaves.options(SaveMode.PARALLEL, BF16).build(), target);
    isRight(target, ranks.size(), BF16);
    if (ranks.size() == GATHERING_RANKS) {
      Emulation.loadAlone(() -> preload(ranks));
      gather(ranks, SOME_STAY_ON_HOST, Optional.empty());
      if (NcclGroup.reasonNotAvailable().isPresent()) {
        gather(ranks, NONE_STAYS_ON_HOST, BF16);
      } else {
        System.out.println("this machine has an NCCL of its own: no gather without one");
      }
    }
  }

  private static void preload(Communicator ranks) {
    try {
      ranks.preload();
    } catch (CommunicationException e) {
      throw new AssertionError("no Gloo", e);
    }
  }

  private void restore(Communicator ranks) throws Exception {
    Optional<String> wrong = DeviceRestores.wrongPartition(ranks, run, BF16, Optional.empty());
    Check.equal(Optional.empty(), wrong, "wrong partition of " + ranks.size());
  }

  private void gather(Communicator ranks, int staysOnHost, Optional<DType> dtype) throws Exception {
    Path target = folder.resolve("gathered-" + staysOnHost);
    ParameterSet host = DeviceSaves.model(ranks.size()).on(ranks.rank(), ranks.size());
    SaveOptions options = DeviceSaves.options(SaveMode.GATHER, dtype).build();
    try (Checkpointer checkpointer = Checkpointer.open(ranks, options);
        OnDevice trainer = new OnDevice(Device.cuda(ranks.rank()), host, staysOnHost)) {
      SaveReport report = checkpointer.save(target, trainer.parameters(), ModelFiles.none());
      Check.equal(SaveMode.GATHER, report.mode(), "mode");
    }
    isRight(target, ranks.size(), dtype);
  }

  private static void isRight(Path target, int worldSize, Optional<DType> dtype) throws Exception {
    Optional<String> wrong = DeviceSaves.wrongFile(target, worldSize, dtype);
    Check.equal(Optional.empty(), wrong, "wrong file of " + target.getFileName());
  }
}
