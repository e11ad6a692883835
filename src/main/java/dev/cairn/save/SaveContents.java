package dev.cairn.save;

import dev.cairn.hf.ModelFiles;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveOptions;
import dev.cairn.plan.FileNaming;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.plan.TensorGroup;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What one save saves, and where.
 *
 * @param target the folder to make
 * @param step the training step, if it is a checkpoint of a run
 * @param model the parameters
 * @param files what goes beside the weights
 * @param state what the trainer needs to go on, if it is saved too
 * @param stem what the names of the model's files begin with
 */
public record SaveContents(
    Path target,
    OptionalLong step,
    ParameterSet model,
    ModelFiles files,
    Optional<TrainerState> state,
    String stem) {
  /** Contents of a model folder. */
  public SaveContents(
      Path target,
      OptionalLong step,
      ParameterSet model,
      ModelFiles files,
      Optional<TrainerState> state) {
    this(target, step, model, files, state, FileNaming.MODEL_STEM);
  }

  /** Returns what the save is called, so that ranks see whether they are in the same. */
  public String call() {
    return call(step, target);
  }

  /**
   * Returns what a save is called. Ranks may reach a folder by different paths, so only its own
   * name is in it.
   */
  public static String call(OptionalLong step, Path target) {
    return step.isPresent()
        ? "save(step=" + step.getAsLong() + ")"
        : "save(" + target.toAbsolutePath().normalize().getFileName() + ")";
  }

  /** Returns the name of the run's directory; empty if it is no checkpoint of a run. */
  String runName() {
    Path run = step.isPresent() ? target.toAbsolutePath().normalize().getParent() : null;
    return run == null || run.getFileName() == null ? "" : run.getFileName().toString();
  }

  public SaveContents withModel(ParameterSet replacement) {
    return new SaveContents(target, step, replacement, files, state, stem);
  }

  SaveContents withFiles(ModelFiles replacement) {
    return new SaveContents(target, step, model, replacement, state, stem);
  }

  SaveContents withState(TrainerState replacement) {
    return new SaveContents(target, step, model, files, Optional.of(replacement), stem);
  }

  /** Returns model and state tensors in the order of the plan. */
  public List<Parameter> tensors() {
    List<Parameter> all = new ArrayList<>(model.parameters());
    state.flatMap(TrainerState::tensors).ifPresent(set -> all.addAll(set.parameters()));
    return all;
  }

  /** Returns the groups of the plan: the model, and the state if it has tensors. */
  List<TensorGroup> groups(SaveOptions options) {
    List<TensorGroup> groups = new ArrayList<>();
    long maxShardBytes = options.maxShardBytes();
    groups.add(new TensorGroup(planned(model, options), FileNaming.of(stem, maxShardBytes)));
    state
        .flatMap(TrainerState::tensors)
        .ifPresent(
            set ->
                groups.add(
                    new TensorGroup(planned(set, options), FileNaming.state(maxShardBytes))));
    return groups;
  }

  private static List<PlannedTensor> planned(ParameterSet set, SaveOptions options) {
    List<PlannedTensor> tensors = new ArrayList<>();
    for (Parameter parameter : set.parameters()) {
      TensorInfo info =
          new TensorInfo(parameter.name(), saved(parameter, options), parameter.shape());
      tensors.add(new PlannedTensor(info, parameter.held(), parameter.layout()));
    }
    return tensors;
  }

  private static DType saved(Parameter parameter, SaveOptions options) {
    boolean isCast = parameter.held().isCastable() && !parameter.isBuffer();
    return isCast ? options.dtype().orElse(parameter.held()) : parameter.held();
  }
}
