package dev.cairn.support;

import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.tensor.DType;
import java.nio.file.Path;

/** A rank in a process of its own that saves its part of {@link ReferenceModel#various}. */
public final class SavingRank {
  private SavingRank() {}

  public static final DType SAVED = DType.BF16;
  public static final long MAX_SHARD_BYTES = 300;
  public static final long STEP = 7;

  /**
   * The argument names the folder; after it may come the mode, and {@code state} for a checkpoint
   * of a run, whose name the folder then has.
   */
  public static void main(String[] arguments) throws Exception {
    Path target = Path.of(arguments[0]);
    SaveOptions options =
        SaveOptions.builder()
            .mode(arguments.length > 1 ? SaveMode.valueOf(arguments[1]) : SaveMode.PARALLEL)
            .dtype(SAVED)
            .maxShardBytes(MAX_SHARD_BYTES)
            .stagingBufferBytes(4096)
            .build();
    RunOptions run = RunOptions.in(target.toAbsolutePath().getParent());
    try (Communicator communicator = Communicator.fromEnvironment();
        Checkpointer checkpointer = Checkpointer.open(communicator, options, run)) {
      int rank = communicator.rank();
      ParameterSet set = ReferenceModel.various(communicator.size()).on(rank, communicator.size());
      SaveReport report =
          arguments.length > 2
              ? checkpointer.save(STEP, set, ModelFiles.none(), state(communicator))
              : checkpointer.save(target, set, ModelFiles.none());
      System.out.print("\nSAVED " + rank + " " + report.mode() + "\n");
    }
  }

  private static TrainerState state(Communicator communicator) {
    TrainerState.Builder state = TrainerState.builder().value("step", STEP);
    new ReferenceModel(3)
        .add("exp_avg", DType.F32, Layout.zero3(), 37, 11)
        .on(communicator.rank(), communicator.size())
        .parameters()
        .forEach(state::tensor);
    return state.build();
  }
}
