package dev.cairn.comm.nccl;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Check;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import dev.cairn.device.Emulation;
import dev.cairn.gpu.OnDevice;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.GatherAlgorithm;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.ReferenceModel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * A process that is one of two ranks of a trainer with a communicator of its own, which it does not
 * lend. What it has queued over it begins at once on one rank, and late on the other.
 */
final class NcclOrderRank {
  private static final int SIZE = 2;
  private static final int EARLIER_COPIES = 4000;
  private static final Device GPU = Device.cuda(1);

  private NcclOrderRank() {}

  /** The argument is a folder that both share. */
  public static void main(String[] arguments) throws Exception {
    EmulatedNccl.load();
    Check.endsWithin(Duration.ofMinutes(2));
    Path folder = Path.of(arguments[0]);
    try (Communicator ranks = NcclRanks.join(folder.resolve("meet"), SIZE, Map.of())) {
      TrainerNccl trainer = TrainerNccl.join(ranks, ranks.rank(), SIZE, GPU);
      trainer.train(); // both communicators are connected before that matters
      save(ranks, trainer, 0, folder.resolve("first"));
      save(ranks, trainer, ranks.rank() == 0 ? EARLIER_COPIES : 0, folder.resolve("second"));
      trainer.destroy();
    }
    Check.equal(1L << GPU.index(), Emulation.contexts(), "contexts");
    Check.nothingIsLeft("at the end");
    Check.equal(0, EmulatedNccl.liveCommunicators(), "communicators left");
    System.out.println("done");
  }

  private static void save(Communicator ranks, TrainerNccl trainer, int earlierCopies, Path target)
      throws Exception {
    ReferenceModel model = NcclRanks.small();
    ParameterSet host = model.on(ranks.rank(), SIZE);
    SaveOptions options = NcclRanks.options(GatherAlgorithm.ALL_GATHER, NcclRanks.BF16);
    try (CudaStream stream = CudaStream.create(GPU);
        DeviceMemory memory = DeviceMemory.allocate(GPU, trainer.lengthBytes());
        OnDevice parameters = new OnDevice(GPU, host, NcclRanks.NONE_STAYS_ON_HOST);
        Checkpointer checkpointer = Checkpointer.open(ranks, options)) {
      parameters.await();
      ranks.control().allGather(new byte[0]);
      for (int copy = 0; copy < earlierCopies; copy++) {
        stream.copyOnDevice(memory.address(), memory.address() + 1, 1);
      }
      trainer.begin(stream, memory);
      checkpointer.save(target, parameters.parameters(), ModelFiles.none());
      stream.synchronize();
      NcclRanks.checkFiles(target, model, NcclRanks.BF16);
    }
  }
}
