package dev.cairn;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.tensor.DType;
import java.nio.file.Path;

/** A rank in a process of its own that saves its part of {@link WholeModel#various}. */
final class SavingRank {
  private SavingRank() {}

  static final DType SAVED = DType.BF16;
  static final long MAX_SHARD_BYTES = 300;

  /** The argument names the folder. */
  public static void main(String[] arguments) throws Exception {
    SaveOptions options =
        SaveOptions.builder()
            .mode(SaveMode.PARALLEL)
            .dtype(SAVED)
            .maxShardBytes(MAX_SHARD_BYTES)
            .stagingBufferBytes(4096)
            .build();
    try (Communicator communicator = Communicator.fromEnvironment();
        Checkpointer checkpointer = Checkpointer.open(communicator, options)) {
      int rank = communicator.rank();
      ParameterSet set = WholeModel.various(communicator.size()).on(rank, communicator.size());
      SaveReport report = checkpointer.save(Path.of(arguments[0]), set, ModelFiles.none());
      System.out.print("\nSAVED " + rank + " " + report.mode() + "\n");
    }
  }
}
