package dev.cairn.gpu;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Cuda;
import dev.cairn.device.Device;
import dev.cairn.device.Emulation;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/** Saves from the memory of GPUs, and whether their files are those of the whole model. */
public final class DeviceSaves {
  public static final long MAX_SHARD_BYTES = 30_000;

  private DeviceSaves() {}

  /** A model whose large tensors take many chunks of the small staging buffers. */
  public static ReferenceModel model(int worldSize) {
    return ReferenceModel.various(worldSize)
        .add("large.weight", DType.F32, Layout.zero3(), 311, 67)
        .add("large.bias", DType.F16, Layout.zero3(), 4999)
        .add("ready.weight", DType.BF16, Layout.zero3(), 77, 101);
  }

  /** Returns the GPU of a rank, which ranks share if there are more of them. */
  static Device gpu(Communicator ranks) {
    return Device.cuda(ranks.rank() % Cuda.deviceCount());
  }

  /** Options under which little is in flight, and every buffer used again and again. */
  public static SaveOptions.Builder options(SaveMode mode, Optional<DType> dtype) {
    SaveOptions.Builder options =
        SaveOptions.builder()
            .mode(mode)
            .durability(Durability.FAST)
            .maxShardBytes(MAX_SHARD_BYTES)
            .stagingBuffers(3)
            .stagingBufferBytes(4096)
            .deviceBytes(8192);
    return dtype.map(options::dtype).orElseGet(options::keepDtypes);
  }

  /** This rank's part of a save from a GPU. */
  static SaveReport save(Communicator ranks, SaveOptions options, Path target) throws Exception {
    ParameterSet host = model(ranks.size()).on(ranks.rank(), ranks.size());
    try (Checkpointer checkpointer = Checkpointer.open(ranks, options);
        OnDevice trainer = new OnDevice(gpu(ranks), host)) {
      return checkpointer.save(target, trainer.parameters(), ModelFiles.none());
    }
  }

  /** Does something once, while all ranks wait. */
  static void together(Communicator ranks, Runnable once) throws IOException {
    ranks.control().allGather(new byte[0]);
    if (ranks.rank() == 0) {
      once.run();
    }
    ranks.control().allGather(new byte[0]);
  }

  /** Makes nothing of the emulation fail any more, even if something has. */
  static void failNoMore() {
    Emulation.failCall(0, 0);
    Emulation.failWork(0, 0);
    Emulation.clearFault();
  }

  /** Returns the first file that is not as it should be; empty if all are right. */
  static Optional<String> wrongFile(Path folder, int worldSize, Optional<DType> dtype)
      throws IOException {
    Map<String, byte[]> expected = model(worldSize).expectedFiles(dtype, MAX_SHARD_BYTES);
    for (Map.Entry<String, byte[]> file : expected.entrySet()) {
      if (!Arrays.equals(file.getValue(), Files.readAllBytes(folder.resolve(file.getKey())))) {
        return Optional.of(file.getKey());
      }
    }
    return Optional.empty();
  }
}
