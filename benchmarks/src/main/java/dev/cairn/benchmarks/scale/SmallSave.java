package dev.cairn.benchmarks.scale;

import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.model.TrainerState;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Saves of as many tensors as a large model has, all of them tiny: what ranks say is all there is.
 */
final class SmallSave implements AutoCloseable {
  private static final int TENSORS = 1164;
  private static final int TRAINER_BYTES = 1000;

  private final Checkpointer checkpointer;
  private final ParameterSet model;
  private long step;

  /**
   * Opens a run.
   *
   * @param folder the same for both processes
   */
  SmallSave(Communicator communicator, Path folder) throws IOException {
    SaveOptions options =
        SaveOptions.builder()
            .mode(SaveMode.PARALLEL)
            .durability(Durability.FAST)
            .stagingBuffers(1)
            .build();
    checkpointer = Checkpointer.open(communicator, options, RunOptions.in(folder));
    Shape shape = Shape.of(communicator.size());
    List<Parameter> parameters = new ArrayList<>();
    for (int tensor = 0; tensor < TENSORS; tensor++) {
      parameters.add(
          Parameter.of(
              "layer.%d.weight".formatted(tensor),
              shape,
              DType.F32,
              Layout.zero3(),
              Partition.of(ByteBuffer.allocateDirect(Float.BYTES))));
    }
    model = ParameterSet.of(parameters);
  }

  /** Saves the next step, with what a trainer has of its own on each rank. Collective. */
  void save() throws IOException {
    TrainerState state =
        TrainerState.builder().rankBytes("loader", new byte[TRAINER_BYTES]).build();
    checkpointer.save(++step, model, ModelFiles.none(), state);
  }

  @Override
  public void close() throws IOException {
    checkpointer.close();
  }
}
