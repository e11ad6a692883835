package dev.cairn.comm.nccl;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Check;
import dev.cairn.device.Cuda;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import dev.cairn.gpu.DeviceSaves;
import dev.cairn.gpu.OnDevice;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** A process that is one of two ranks whose trainer leaves little of the GPU's memory to Cairn. */
final class NcclMemoryRank {
  private static final int SIZE = 2;
  private static final int BUCKET_BYTES = 64 << 10;

  /** For what is not a bucket: the slots of a save, and tables. */
  private static final int BESIDE_BYTES = 16 << 10;

  private static final Device GPU = Device.cuda(0);

  private final Communicator ranks;
  private final Path folder;
  private final ReferenceModel model =
      new ReferenceModel(SIZE)
          .add("a", DType.F32, Layout.zero3(), 70_001)
          .add("b", DType.BF16, Layout.zero3(), 50_000);

  private NcclMemoryRank(Communicator ranks, Path folder) {
    this.ranks = ranks;
    this.folder = folder;
  }

  /** The arguments are what there is memory for, and a folder that both share. */
  public static void main(String[] arguments) throws Exception {
    EmulatedNccl.load();
    Check.endsWithin(Duration.ofMinutes(2));
    Path folder = Path.of(arguments[1]);
    try (Communicator ranks = NcclRanks.join(folder.resolve("meet"), SIZE, Map.of())) {
      NcclMemoryRank rank = new NcclMemoryRank(ranks, folder);
      switch (arguments[0]) {
        case "smaller" -> rank.saves(false, 50 << 10);
        case "reserved" -> rank.saves(true, 0);
        case "nothing" -> rank.doesNotSave();
        default -> throw new IllegalArgumentException(arguments[0]);
      }
    }
    Check.nothingIsLeft("at the end");
    Check.equal(0, EmulatedNccl.liveCommunicators(), "communicators left");
    System.out.println("done");
  }

  /** On rank 1 there is so much left for buckets. */
  private void save(boolean reserves, long leftBytes, Path target) throws Exception {
    ParameterSet host = model.on(ranks.rank(), SIZE);
    SaveOptions options =
        DeviceSaves.options(SaveMode.GATHER, NcclRanks.BF16).bucketBytes(BUCKET_BYTES).build();
    try (Checkpointer checkpointer = Checkpointer.open(ranks, options)) {
      if (reserves) {
        checkpointer.reserveBuckets(GPU);
      }
      try (OnDevice trainer = new OnDevice(GPU, host, NcclRanks.NONE_STAYS_ON_HOST)) {
        long takenBytes = ranks.rank() == 1 ? Cuda.freeBytes(GPU) - BESIDE_BYTES - leftBytes : 1;
        try (DeviceMemory taken = DeviceMemory.allocate(GPU, takenBytes)) {
          Check.equal(takenBytes, taken.lengthBytes(), "taken by the trainer");
          checkpointer.save(target, trainer.parameters(), ModelFiles.none());
        }
      }
    }
  }

  private void saves(boolean reserves, long leftBytes) throws Exception {
    Path target = folder.resolve("model");
    save(reserves, leftBytes, target);
    NcclRanks.checkFiles(target, model, NcclRanks.BF16);
  }

  private void doesNotSave() throws Exception {
    Path target = folder.resolve("model");
    String said = NcclRanks.failure(() -> save(false, -BESIDE_BYTES / 2 + 512, target));
    NcclRanks.checkSame(
        ranks, said, "save failed on rank 1 of 2: GPU memory is short for buckets: needBytes=");
    NcclRanks.checkNothingOf(target);
  }
}
