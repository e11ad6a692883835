package dev.cairn.gpu;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Check;
import dev.cairn.device.Cuda;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import dev.cairn.device.Emulation;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.support.Group;
import dev.cairn.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Saves from GPUs that have as much memory left as the options allow a save, and less. */
final class DeviceBudgetProgram {
  private static final Optional<DType> BF16 = Optional.of(DType.BF16);
  private static final int RANKS = 2;

  private DeviceBudgetProgram() {}

  /** The argument is a folder of its own. */
  public static void main(String[] arguments) throws Exception {
    Emulation.load();
    Path folder = Path.of(arguments[0]);
    Path fits = folder.resolve("fits");
    Group.values(RANKS, ranks -> save(ranks, fits, 0));
    Check.equal(Optional.empty(), DeviceSaves.wrongFile(fits, RANKS, BF16), "wrong file");
    Path tooLarge = folder.resolve("too-large");
    for (Group.Result<SaveReport> result :
        Group.run(RANKS, ranks -> save(ranks, tooLarge, ranks.rank()))) {
      String said = String.valueOf(result.failure());
      Check.equal(true, result.failure() instanceof CheckpointException, said);
      Check.equal(true, said.contains("save failed on rank 1 of 2: CUDA call failed:"), said);
      Check.equal(true, said.contains("cudaErrorMemoryAllocation: out of memory), cuda:1"), said);
    }
    try (Stream<Path> left = Files.list(folder)) {
      Check.equal(List.of(fits), left.toList(), "left in the folder");
    }
    Check.nothingIsLeft("at the end");
    System.out.println("done");
  }

  private static SaveReport save(Communicator ranks, Path target, long missingBytes)
      throws Exception {
    Device gpu = Device.cuda(ranks.rank());
    SaveOptions options = DeviceSaves.options(SaveMode.PARALLEL, BF16).build();
    ParameterSet host = DeviceSaves.model(RANKS).on(ranks.rank(), RANKS);
    try (Checkpointer checkpointer = Checkpointer.open(ranks, options);
        OnDevice trainer = new OnDevice(gpu, host);
        DeviceMemory activations = activations(gpu, options.deviceBytes() - missingBytes)) {
      Check.equal(gpu, activations.device(), "device");
      return checkpointer.save(target, trainer.parameters(), ModelFiles.none());
    }
  }

  /** What else a trainer has there. */
  private static DeviceMemory activations(Device gpu, long leftBytes) {
    return DeviceMemory.allocate(gpu, Cuda.freeBytes(gpu) - leftBytes);
  }
}
