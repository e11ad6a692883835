package dev.cairn.cli;

import dev.cairn.cli.options.ParallelOptions;
import dev.cairn.dcp.DistributedCheckpoint;
import dev.cairn.dcp.DistributedParameterSet;
import dev.cairn.deepspeed.CheckpointParameters;
import dev.cairn.deepspeed.ConsolidationOptions;
import dev.cairn.deepspeed.DeepSpeedCheckpoint;
import dev.cairn.hf.ModelFiles;
import dev.cairn.input.DeepSpeedRefusal;
import dev.cairn.input.FoundInput;
import dev.cairn.input.FoundInput.Format;
import dev.cairn.input.InputRefusal;
import dev.cairn.input.Links;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.FormOptions;
import dev.cairn.options.SaveOptions;
import dev.cairn.peft.LoraConfig;
import dev.cairn.torchfile.TorchModel;
import dev.cairn.torchfile.TorchParameterSet;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * The parameters that a consolidation reads, whatever wrote them.
 *
 * @param parameters whose tensors are read while they are saved
 * @param reads takes who is told from now on how many bytes each read made
 * @param source what is closed after the save
 */
record ConsolidateInput(ParameterSet parameters, Consumer<LongConsumer> reads, Closeable source)
    implements Closeable {
  @Override
  public void close() throws IOException {
    source.close();
  }

  /**
   * Opens what was found.
   *
   * @param parallel what the user says of the checkpoint's parallelism
   * @param isAdapter whether an adapter is taken out of it, not a model
   * @param notes is told what was chosen
   */
  static ConsolidateInput open(
      FoundInput found,
      ParallelOptions parallel,
      boolean isAdapter,
      ConsolidationOptions options,
      SaveOptions save,
      ModelFiles files,
      Consumer<String> notes)
      throws IOException {
    return switch (found.format()) {
      case DEEPSPEED -> deepSpeed(parallel.open(found), isAdapter, options, save, files, notes);
      case DISTRIBUTED -> distributed(found.path(), options);
      case TORCH -> torch(found.path(), options, notes);
      case MODEL -> throw InputRefusal.MODEL_FOLDER.of(found.path());
      case ADAPTER -> throw InputRefusal.ADAPTER.of(found.path());
    };
  }

  private static ConsolidateInput deepSpeed(
      DeepSpeedCheckpoint checkpoint,
      boolean isAdapter,
      ConsolidationOptions options,
      SaveOptions save,
      ModelFiles files,
      Consumer<String> notes)
      throws IOException {
    boolean isNamed = isAdapter || !checkpoint.hasNumberedNames() || takesAnyNames(save.form());
    CheckpointParameters parameters =
        new CheckpointParameters(isNamed ? checkpoint : named(checkpoint, files, notes), options);
    try {
      if (!isAdapter) {
        parameters.requireFrozen(save.form(), files);
      }
      parameters.preferHeld(save, files).ifPresent(notes);
    } catch (IOException | RuntimeException e) {
      parameters.close();
      throw e;
    }
    return new ConsolidateInput(parameters.parameters(), parameters::onRead, parameters::close);
  }

  private static boolean takesAnyNames(FormOptions form) {
    return form.rawNames() || form.unchecked() || !form.names().isEmpty();
  }

  /** Returns a pipeline with the base's names, where they are certain. */
  private static DeepSpeedCheckpoint named(
      DeepSpeedCheckpoint pipeline, ModelFiles files, Consumer<String> notes) throws IOException {
    DeepSpeedCheckpoint named =
        pipeline
            .namedLike(files.baseTensors())
            .orElseThrow(() -> DeepSpeedRefusal.NO_NAMES.of(pipeline.folder()));
    notes.accept(
        "naming the pipeline's weights as the base model does: shapes and order leave one way");
    return named;
  }

  private static ConsolidateInput distributed(Path path, ConsolidationOptions options)
      throws IOException {
    DistributedParameterSet parameters =
        new DistributedParameterSet(DistributedCheckpoint.open(path), options.attribute());
    return new ConsolidateInput(parameters.parameters(), parameters::onRead, parameters::close);
  }

  private static ConsolidateInput torch(
      Path path, ConsolidationOptions options, Consumer<String> notes) throws IOException {
    TorchModel model = TorchModel.open(path);
    model.notes().forEach(notes);
    TorchParameterSet parameters = new TorchParameterSet(model, options.attribute());
    return new ConsolidateInput(parameters.parameters(), parameters::onRead, parameters::close);
  }

  /** Returns the config of an adapter that torch wrote, as PEFT did before safetensors. */
  static Optional<Path> adapterConfig(FoundInput found) throws IOException {
    Path config = found.path().resolve(LoraConfig.FILE_NAME);
    boolean isAdapter =
        found.format() == Format.TORCH
            && Files.exists(found.path().resolve("adapter_model.bin"))
            && Files.exists(config);
    if (!isAdapter) {
      return Optional.empty();
    }
    Links.requireOwn(found.path(), config);
    return Optional.of(config);
  }
}
