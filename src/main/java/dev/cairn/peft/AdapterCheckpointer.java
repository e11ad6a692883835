package dev.cairn.peft;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.SingleFile;
import dev.cairn.hf.FolderFile;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveReport;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Saves one LoRA adapter of a model as PEFT does: {@code adapter_model.safetensors} and {@code
 * adapter_config.json}, which {@code PeftModel.from_pretrained} loads.
 *
 * <pre>{@code
 * LoraConfig config = LoraConfig.read(Path.of("adapter_config.json"));
 * try (Checkpointer checkpointer = Checkpointer.open(communicator, SaveOptions.defaults())) {
 *   new AdapterCheckpointer(checkpointer, config).save(Path.of("adapter"), parameters);
 * }
 * }</pre>
 *
 * <p>Only the adapter's parameters are moved. As thread-safe as its checkpointer.
 */
public final class AdapterCheckpointer {
  private static final String STEM = "adapter_model";

  private final Checkpointer checkpointer;
  private final LoraConfig config;
  private final AdapterOptions options;

  /**
   * Prepares to save the adapter {@code default}, every tensor in the dtype it is held in.
   *
   * @param checkpointer borrowed, not closed here; its {@code dtype} option does not apply
   * @param config the adapter's, the same on every rank
   */
  public AdapterCheckpointer(Checkpointer checkpointer, LoraConfig config) {
    this(checkpointer, config, AdapterOptions.defaults());
  }

  /**
   * Prepares to save an adapter.
   *
   * @param checkpointer borrowed, not closed here; its {@code dtype} option does not apply
   * @param config the adapter's, the same on every rank
   * @param options which adapter, and how; the same on every rank
   */
  public AdapterCheckpointer(Checkpointer checkpointer, LoraConfig config, AdapterOptions options) {
    this.checkpointer = Objects.requireNonNull(checkpointer, "checkpointer");
    this.config = Objects.requireNonNull(config, "config");
    this.options = Objects.requireNonNull(options, "options");
  }

  /**
   * Saves the adapter; its folder appears when it is complete, or not at all. Collective.
   *
   * @param target the folder to make; an adapter that is not called {@code default} goes into a
   *     subfolder with its name, and only that must not exist
   * @param parameters the parameters of the PEFT model under their state-dict names, or at least
   *     those that are trained; the partitions of the others are not looked at
   * @return what was done
   * @throws IllegalArgumentException if there is no such adapter, or a tensor of it has no
   *     elements, lacks its partner or does not fit the config; nothing is left behind
   * @throws dev.cairn.options.CheckpointException on every rank, if any rank failed; nothing is
   *     committed
   */
  public SaveReport save(Path target, ParameterSet parameters) throws IOException {
    if (options.adapterName().equals(AdapterOptions.DEFAULT_NAME)) {
      return SingleFile.save(checkpointer, target, () -> contents(parameters));
    }
    boolean existed = Files.exists(target, LinkOption.NOFOLLOW_LINKS);
    boolean saved = false;
    try {
      SaveReport report =
          SingleFile.save(
              checkpointer, target.resolve(options.adapterName()), () -> contents(parameters));
      saved = true;
      return report;
    } finally {
      if (!saved && !existed) {
        deleteIfEmpty(target);
      }
    }
  }

  /**
   * Saves the adapter as a checkpoint of the run, then deletes what the run's retention does not
   * keep. The step's folder is the adapter's, whatever the adapter is called. Collective.
   *
   * @param step number of the step or epoch, 0 or more
   * @param parameters as {@link #save(Path, ParameterSet)} takes them
   * @param state what the trainer needs to go on
   * @return what was done
   * @throws IllegalArgumentException as {@link #save(Path, ParameterSet)} does
   * @throws dev.cairn.options.CheckpointException on every rank, if any rank failed; nothing is
   *     committed
   * @throws IllegalStateException if the checkpointer was opened without a run's directory
   */
  public SaveReport save(long step, ParameterSet parameters, TrainerState state)
      throws IOException {
    return SingleFile.save(checkpointer, step, () -> contents(parameters), state);
  }

  /**
   * Returns the newest checkpoint of the run that is committed and verifies. Collective.
   *
   * @return empty if there is none
   * @throws dev.cairn.options.CheckpointException on every rank, if the directory cannot be read
   * @throws IllegalStateException if the checkpointer was opened without a run's directory
   */
  public Optional<Checkpoint> latest() throws IOException {
    return checkpointer.latest();
  }

  /**
   * Fills this rank's partitions of the adapter with a checkpoint's values, whatever number of
   * ranks wrote them; the other parameters are left alone. Collective.
   *
   * @param checkpoint from {@link #latest}
   * @param parameters as {@link #save(Path, ParameterSet)} takes them; the same on every rank
   * @param state whose tensors' partitions are filled too
   * @throws IllegalArgumentException if a tensor is not in the checkpoint, or shape or dtype differ
   * @throws dev.cairn.options.CheckpointException on every rank, if any rank failed; partitions are
   *     then undefined
   */
  public void restore(Checkpoint checkpoint, ParameterSet parameters, TrainerState state)
      throws IOException {
    SingleFile.restore(checkpoint, () -> contents(parameters), state);
  }

  private static void deleteIfEmpty(Path folder) throws IOException {
    try {
      Files.deleteIfExists(folder);
    } catch (DirectoryNotEmptyException e) {
      return; // somebody else's file
    }
  }

  private SingleFile contents(ParameterSet parameters) {
    Map<String, Parameter> given = new LinkedHashMap<>();
    Map<String, Shape> shapes = new LinkedHashMap<>();
    for (Parameter parameter : parameters.parameters()) {
      given.put(parameter.name(), parameter);
      shapes.put(parameter.name(), parameter.shape());
    }
    List<Parameter> adapter = new ArrayList<>();
    AdapterSelection.of(config, options, shapes)
        .forEach((name, givenName) -> adapter.add(renamed(given.get(givenName), name)));
    return new SingleFile(
        STEM,
        ParameterSet.of(adapter),
        ModelFiles.of(
            Optional.empty(), List.of(FolderFile.of(LoraConfig.FILE_NAME, config.encode()))),
        options.dtype());
  }

  private static Parameter renamed(Parameter given, String name) {
    return new Parameter(
        name, given.shape(), given.held(), given.layout(), given.partition(), given.isBuffer());
  }
}
