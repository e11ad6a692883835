package dev.cairn.gpu;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Device;
import dev.cairn.device.Emulation;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Checkpoints restored into the memory of GPUs, and whether that holds then what a restore into
 * host memory gives.
 */
final class DeviceRestores {
  /** More than a slot of device memory, so that its elements go through two of them. */
  private static final int BUFFER_BYTES = 8192;

  private DeviceRestores() {}

  static SaveOptions options(Optional<DType> dtype) {
    return DeviceSaves.options(SaveMode.PARALLEL, dtype).stagingBufferBytes(BUFFER_BYTES).build();
  }

  private static ReferenceModel moments() {
    return new ReferenceModel(99)
        .add("exp_avg.large.weight", DType.F32, Layout.zero3(), 311, 67)
        .add("counts", DType.I64, Layout.replicated(), 5);
  }

  /** Saves a step from host memory. */
  static void save(Communicator ranks, RunOptions run, long step, Optional<DType> dtype)
      throws IOException {
    ParameterSet model = DeviceSaves.model(ranks.size()).on(ranks.rank(), ranks.size());
    ParameterSet moments = moments().on(ranks.rank(), ranks.size());
    TrainerState state = TrainerState.builder().tensors(moments).build();
    try (Checkpointer checkpointer = Checkpointer.open(ranks, options(dtype), run)) {
      checkpointer.save(step, model, ModelFiles.none(), state);
    }
  }

  /**
   * Returns what the trainer of a rank holds before a restore: poison.
   *
   * @param saved which dtype floats were saved in, empty for the one they were held in
   * @param held which dtype floats are to be held in now, empty for the one they were held in
   */
  static ParameterSet poison(Communicator ranks, Optional<DType> saved, Optional<DType> held) {
    ReferenceModel model = DeviceSaves.model(ranks.size());
    List<Parameter> parameters = new ArrayList<>();
    for (Parameter given : model.on(ranks.rank(), ranks.size()).parameters()) {
      DType dtype = given.held().isCastable() ? held.orElse(given.held()) : given.held();
      boolean castToF64 = saved.isPresent() && dtype == DType.F64;
      if (!castToF64) {
        parameters.add(empty(given, dtype, ranks));
      }
    }
    ParameterSet set = ParameterSet.of(parameters);
    ReferenceModel.overwrite(set);
    return set;
  }

  private static Parameter empty(Parameter given, DType held, Communicator ranks) {
    long elements = given.layout().paddedElements(given.shape(), ranks.rank(), ranks.size());
    ByteBuffer bytes = ByteBuffer.allocateDirect((int) held.bytes(elements));
    return new Parameter(
        given.name(), given.shape(), held, given.layout(), Partition.of(bytes), given.isBuffer());
  }

  /**
   * Restores a run's latest checkpoint into host memory, then into that of a GPU. Collective.
   *
   * @return the first partition that differs, padding included; empty if all are the same
   */
  static Optional<String> wrongPartition(
      Communicator ranks, RunOptions run, Optional<DType> saved, Optional<DType> held)
      throws IOException {
    Device gpu = DeviceSaves.gpu(ranks);
    ParameterSet model = poison(ranks, saved, held);
    ParameterSet moments = moments().poisonedOn(ranks.rank(), ranks.size());
    try (Checkpointer checkpointer = Checkpointer.open(ranks, options(saved), run)) {
      Checkpoint latest = checkpointer.latest().orElseThrow();
      latest.restore(model, TrainerState.builder().tensors(moments).build());
      try (OnDevice trainer = new OnDevice(gpu, poison(ranks, saved, held));
          OnDevice optimizer =
              new OnDevice(gpu, moments().poisonedOn(ranks.rank(), ranks.size()))) {
        TrainerState state = TrainerState.builder().tensors(optimizer.parameters()).build();
        latest.restore(trainer.parameters(), state);
        return firstDifference(model, trainer.download())
            .or(() -> firstDifference(moments, optimizer.download()));
      }
    }
  }

  /** Returns the name of the first partition that is not the same in both sets. */
  static Optional<String> firstDifference(ParameterSet expected, ParameterSet actual) {
    for (int index = 0; index < expected.parameters().size(); index++) {
      Parameter parameter = expected.parameters().get(index);
      if (!bytes(parameter).equals(bytes(actual.parameters().get(index)))) {
        return Optional.of(parameter.name());
      }
    }
    return Optional.empty();
  }

  private static ByteBuffer bytes(Parameter parameter) {
    return parameter.partition().view(0, (int) parameter.partition().lengthBytes());
  }

  /** Makes the emulation's waits again, all of them. */
  static void makeNoMistake() {
    Emulation.skipStreamWaits(0, 0);
    Emulation.skipHostWaits(false);
  }
}
