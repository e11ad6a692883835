package dev.cairn.deepspeed;

import dev.cairn.deepspeed.content.Content;
import dev.cairn.input.FoundInput;
import dev.cairn.input.Refusal;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.Printable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
  private final int stage;
  private final int worldSize;
  private final String version;
  private final List<CheckpointParameter> parameters;

  private DeepSpeedCheckpoint(
      TagFolder folder,
      int stage,
      int worldSize,
      String version,
      List<CheckpointParameter> parameters) {
    this.folder = folder;
    this.stage = stage;
    this.worldSize = worldSize;
    this.version = version;
    this.parameters = List.copyOf(parameters);
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
    return read(found(checkpoint, null));
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
    return read(found(checkpoint, tag));
  }

  private static TagFolder found(Path checkpoint, String tag) throws IOException {
    FoundInput found = FoundInput.find(checkpoint, tag, OptionalLong.empty());
    if (found.format() != FoundInput.Format.DEEPSPEED) {
      throw Refusal.NOT_DEEPSPEED.of(found.path());
    }
    return TagFolder.find(found.path(), found.tag().orElse(null));
  }

  private static DeepSpeedCheckpoint read(TagFolder folder) throws IOException {
    RankFiles files = RankFiles.list(folder);
    SortedMap<Integer, Path> layers = PipelineLayers.list(folder);
    if (!layers.isEmpty()) {
      return new DeepSpeedCheckpoint(folder, 0, 1, null, PipelineLayers.of(layers));
    }
    if (UniversalWeights.isThere(folder) && files.optimizerStates().isEmpty()) {
      return universal(folder, files);
    }
    if (files.modelStates().isEmpty()) {
      throw Refusal.NO_STATES.of(folder.path());
    }
    if (files.optimizerStates().isEmpty()) {
      return whole(folder, files);
    }
    return partitioned(folder, files);
  }

  private static DeepSpeedCheckpoint whole(TagFolder folder, RankFiles files) throws IOException {
    if (files.modelStatesPerRank()) {
      throw Refusal.NO_MASTERS.of(folder.path());
    }
    ModelStates model = ModelStates.read(files.modelStates().firstEntry().getValue(), true);
    List<CheckpointParameter> parameters = WholeWeights.of(model);
    if (parameters.isEmpty()) {
      throw Refusal.NO_MODULE.of(model.file());
    }
    return new DeepSpeedCheckpoint(folder, 0, model.ranks(), model.version(), parameters);
  }

  private static DeepSpeedCheckpoint universal(TagFolder folder, RankFiles files)
      throws IOException {
    if (files.modelStates().isEmpty()) {
      ModelStates model = UniversalWeights.withoutModel(folder);
      return new DeepSpeedCheckpoint(
          folder, 0, 1, null, UniversalWeights.of(folder, model, Map.of()));
    }
    ModelStates model = ModelStates.read(files.modelStates().firstEntry().getValue(), true);
    Map<String, Content> frozen = frozen(files, model, files.modelStates().size());
    return new DeepSpeedCheckpoint(
        folder, 0, model.ranks(), model.version(), UniversalWeights.of(folder, model, frozen));
  }

  private static DeepSpeedCheckpoint partitioned(TagFolder folder, RankFiles files)
      throws IOException {
    OptimizerStates first = OptimizerStates.read(files.optimizerStates().firstEntry().getValue());
    int worldSize = first.worldSize();
    files.requireRanks(worldSize);
    requireLayout(files, first);
    List<OptimizerStates> optimizers = new ArrayList<>();
    for (Path file : files.optimizerStates().values()) {
      OptimizerStates states = optimizers.isEmpty() ? first : OptimizerStates.read(file);
      requireSameSave(first, states);
      optimizers.add(states);
    }
    ModelStates model = ModelStates.read(files.modelStates().firstEntry().getValue(), true);
    requireSame("ds_version", first.version(), model.version(), model.file(), first.file());
    Map<String, Content> frozen = frozen(files, model, worldSize);
    refuseOffloaded(folder, optimizers);
    List<CheckpointParameter> parameters =
        ParameterAssembly.of(
            model, model.groups(), TrainableContents.of(optimizers, model.groups()), frozen);
    return new DeepSpeedCheckpoint(folder, first.stage(), worldSize, model.version(), parameters);
  }

  private static Map<String, Content> frozen(RankFiles files, ModelStates model, int worldSize)
      throws IOException {
    FrozenContents frozen =
        new FrozenContents(model.frozenShapes(), files.modelStatesPerRank(), worldSize);
    for (Map.Entry<Integer, Path> entry : files.modelStates().entrySet()) {
      int rank = entry.getKey();
      ModelStates states = rank == 0 ? model : ModelStates.read(entry.getValue(), false);
      model.requireSameSave(states);
      frozen.add(rank, states);
    }
    return frozen.contents();
  }

  /** With an optimizer on NVMe DeepSpeed copies its swap files, which do not say what is where. */
  private static void refuseOffloaded(TagFolder folder, List<OptimizerStates> ranks)
      throws CorruptFileException {
    boolean isEmpty =
        ranks.stream()
            .flatMap(rank -> rank.flatGroups().stream())
            .allMatch(group -> group.elements() == 0);
    if (isEmpty && Files.isDirectory(folder.path().resolve("offloaded_tensors"))) {
      throw Refusal.OFFLOADED.of(folder.path());
    }
  }

  private static void requireLayout(RankFiles files, OptimizerStates first)
      throws CorruptFileException {
    if (files.modelStatesPerRank() != (first.stage() == 3)) {
      throw Refusal.MIXED.of(
          files.modelStates().firstEntry().getValue(),
          "difference",
          "zero_stage="
              + first.stage()
              + ", expected model states "
              + (first.stage() == 3 ? "of every rank" : "of rank 0 alone")
              + ", compared with "
              + first.file());
    }
  }

  private static void requireSameSave(OptimizerStates first, OptimizerStates other)
      throws CorruptFileException {
    requireSame("zero_stage", first.stage(), other.stage(), other.file(), first.file());
    requireSame(
        "partition_count",
        first.partitionCounts(),
        other.partitionCounts(),
        other.file(),
        first.file());
    requireSame("ds_version", first.version(), other.version(), other.file(), first.file());
    requireSame("step", first.step(), other.step(), other.file(), first.file());
  }

  private static void requireSame(
      String what, Object expected, Object actual, Path file, Path other)
      throws CorruptFileException {
    if (expected != null && actual != null && !expected.equals(actual)) {
      throw Refusal.MIXED.of(
          file,
          "difference",
          what
              + "="
              + Printable.of(actual.toString())
              + ", expected "
              + Printable.of(expected.toString())
              + ", compared with "
              + other);
    }
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
    return stage;
  }

  /** {@return how many ranks wrote it} */
  public int worldSize() {
    return worldSize;
  }

  /** {@return the version of DeepSpeed that wrote it; old versions do not say} */
  public Optional<String> deepSpeedVersion() {
    return Optional.ofNullable(version);
  }

  /** {@return parameters, aliases and buffers in the order of the module's state dict} */
  public List<CheckpointParameter> parameters() {
    return parameters;
  }

  /** {@return what {@code cairn inspect} shows} */
  public CheckpointSummary summary() {
    return CheckpointSummary.of(this);
  }
}
