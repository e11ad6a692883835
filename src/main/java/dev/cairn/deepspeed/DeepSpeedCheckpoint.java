package dev.cairn.deepspeed;

import dev.cairn.deepspeed.saved.ModelRank;
import dev.cairn.deepspeed.saved.ModelStates;
import dev.cairn.deepspeed.saved.SaveFiles;
import dev.cairn.deepspeed.saved.TagFolder;
import dev.cairn.input.DeepSpeedRefusal;
import dev.cairn.input.FoundInput;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;

/**
 * A checkpoint folder that DeepSpeed made, opened: what it holds and where the bytes lie. It is
 * ZeRO-1's, -2's or -3's, or one without ZeRO, a universal one, or a pipeline's.
 *
 * <p>Opening parses the metadata of every rank's files and checks them against each other; no
 * weight is read and nothing in the pickles is run. Holds no file open. Immutable; any thread.
 *
 * <pre>{@code
 * DeepSpeedCheckpoint checkpoint = DeepSpeedCheckpoint.open(Path.of("runs/sft"));
 * for (CheckpointParameter parameter : checkpoint.parameters()) {
 *   parameter.visitRanges(0, parameter.shape().elements(), range -> copy(range));
 * }
 * }</pre>
 */
public final class DeepSpeedCheckpoint {
  private final TagFolder folder;
  private final Mesh mesh;
  private final String version;
  private final List<CheckpointParameter> parameters;
  private final boolean leavesFrozenOut;

  private DeepSpeedCheckpoint(
      TagFolder folder,
      Mesh mesh,
      String version,
      List<CheckpointParameter> parameters,
      boolean leavesFrozenOut) {
    this.folder = folder;
    this.mesh = mesh;
    this.version = version;
    this.parameters = List.copyOf(parameters);
    this.leavesFrozenOut = leavesFrozenOut;
  }

  /**
   * Opens the save that the file {@code latest} names, or a save's own folder, or the newest of a
   * Trainer's checkpoints.
   *
   * @param checkpoint the folder that DeepSpeed's {@code save_checkpoint} was given, or one around
   *     such folders
   * @return what the save holds; there is nothing to close
   * @throws CorruptFileException if files are missing, damaged, mixed from two saves, hostile, or
   *     of a kind that is not supported; the message says which
   * @throws IOException if a file cannot be read
   */
  public static DeepSpeedCheckpoint open(Path checkpoint) throws IOException {
    return read(found(checkpoint, null), null);
  }

  /**
   * Opens the save called {@code tag}.
   *
   * @param checkpoint the folder that DeepSpeed's {@code save_checkpoint} was given
   * @param tag name of a folder in {@code checkpoint}
   * @return what the save holds; there is nothing to close
   * @throws CorruptFileException as {@link #open(Path)} does
   * @throws IOException if a file cannot be read
   */
  public static DeepSpeedCheckpoint open(Path checkpoint, String tag) throws IOException {
    return read(found(checkpoint, tag), null);
  }

  /**
   * Opens a save of tensor-parallel ranks that does not say how they split its weights.
   *
   * @param checkpoint the folder that DeepSpeed's {@code save_checkpoint} was given
   * @param tag name of a folder in {@code checkpoint}; empty for the one that {@code latest} names
   * @param tensorRules a file that says it: JSON with the keys of DeepSpeed's {@code
   *     universal_checkpoint_info}; null for none
   * @return what the save holds; there is nothing to close
   * @throws CorruptFileException as {@link #open(Path)} does, or if the file holds no such rules
   * @throws IOException if a file cannot be read
   */
  public static DeepSpeedCheckpoint open(Path checkpoint, Optional<String> tag, Path tensorRules)
      throws IOException {
    return read(found(checkpoint, tag.orElse(null)), tensorRules);
  }

  private static TagFolder found(Path checkpoint, String tag) throws IOException {
    FoundInput found = FoundInput.find(checkpoint, tag, OptionalLong.empty());
    if (found.format() != FoundInput.Format.DEEPSPEED) {
      throw DeepSpeedRefusal.NOT_DEEPSPEED.of(found.path());
    }
    return TagFolder.find(found.path(), found.tag().orElse(null));
  }

  private static DeepSpeedCheckpoint read(TagFolder folder, Path tensorRules) throws IOException {
    SaveFiles files = SaveFiles.list(folder);
    SortedMap<Integer, Path> layers = PipelineLayers.list(folder);
    boolean isUniversal = UniversalWeights.isThere(folder) && !files.hasOptimizerStates();
    if (!files.hasModelStates()) {
      if (layers.isEmpty() && !isUniversal) {
        throw DeepSpeedRefusal.NO_STATES.of(folder.path());
      }
      return new DeepSpeedCheckpoint(
          folder,
          Mesh.ONE,
          null,
          isUniversal
              ? UniversalWeights.of(folder, List.of(), null)
              : PipelineLayers.of(layers, List.of()),
          false);
    }
    SavedWeights saved = SavedWeights.open(folder, files, tensorRules);
    if (!isUniversal) {
      saved.refusePipelineOfSlices();
    }
    ModelStates model = saved.ranks().get(0).model();
    List<CheckpointParameter> parameters =
        isUniversal ? saved.universal() : layers.isEmpty() ? saved.all() : saved.pipeline(layers);
    return new DeepSpeedCheckpoint(
        folder,
        saved.mesh(),
        model.version(),
        parameters,
        saved.ranks().stream().anyMatch(ModelRank::leavesFrozenOut));
  }

  /** {@return the folder that was opened: the one of a single save} */
  public Path folder() {
    return folder.path();
  }

  /** {@return the save's name, such as {@code global_step3}} */
  public String tag() {
    return folder.tag();
  }

  /**
   * {@return the ZeRO stage: 1, 2 or 3; 0 where weights are not partitioned, as without ZeRO, in a
   * universal checkpoint or a pipeline's}
   */
  public int stage() {
    return mesh.stage();
  }

  /** {@return how many data-parallel ranks share each parameter, or each slice of it} */
  public int worldSize() {
    return mesh.dataRanks();
  }

  /** {@return how the model was spread over ranks} */
  public Mesh mesh() {
    return mesh;
  }

  /**
   * Returns the same with other names, for a pipeline, whose files number its layers and do not
   * have the model's names.
   *
   * @param names by the name that the checkpoint has; every name that is no alias
   * @return the same weights
   * @throws IllegalArgumentException if a name is not in the checkpoint, or one in it has no other
   */
  public DeepSpeedCheckpoint named(Map<String, String> names) {
    return new DeepSpeedCheckpoint(
        folder, mesh, version, OtherNames.of(parameters, names), leavesFrozenOut);
  }

  /**
   * {@return whether the names are a pipeline's: they begin with the number of a layer, and not as
   * the model's own}
   */
  public boolean hasNumberedNames() {
    return PipelineNames.areNumbered(parameters);
  }

  /**
   * Returns the same with a base model's names, for a pipeline: where the names inside a layer, the
   * shapes and the layers' order leave one way only.
   *
   * @param base the base model's tensors by name
   * @return the same weights; empty if there are several ways, or none
   */
  public Optional<DeepSpeedCheckpoint> namedLike(Map<String, TensorInfo> base) {
    Map<String, Shape> shapes = new HashMap<>();
    base.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
    return PipelineNames.find(parameters, shapes).map(this::named);
  }

  /** {@return the version of DeepSpeed that wrote it; old versions do not say} */
  public Optional<String> deepSpeedVersion() {
    return Optional.ofNullable(version);
  }

  /** {@return parameters, aliases and buffers in the order of the module's state dict} */
  public List<CheckpointParameter> parameters() {
    return parameters;
  }

  /**
   * {@return whether the save was told to leave frozen parameters out ({@code
   * exclude_frozen_parameters}), as far as its files tell; whether there were any they do not say}
   */
  public boolean leavesFrozenOut() {
    return leavesFrozenOut;
  }

  /** {@return what {@code cairn inspect} shows} */
  public CheckpointSummary summary() {
    return CheckpointSummary.of(this);
  }
}
