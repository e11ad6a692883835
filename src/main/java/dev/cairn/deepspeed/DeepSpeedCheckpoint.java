package dev.cairn.deepspeed;

import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.Printable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A ZeRO-1, -2 or -3 checkpoint folder, opened: what it holds and where the bytes lie.
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
    this.parameters = parameters;
  }

  /**
   * Opens the save that the file {@code latest} names, or a save's own folder.
   *
   * @param checkpoint the folder that DeepSpeed's {@code save_checkpoint} was given
   * @return what the save holds; there is nothing to close
   * @throws CorruptFileException if files are missing, damaged, mixed from two saves, hostile, or
   *     of a kind that is not supported; the message says which
   * @throws IOException if a file cannot be read
   */
  public static DeepSpeedCheckpoint open(Path checkpoint) throws IOException {
    return read(TagFolder.find(checkpoint, null));
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
    return read(TagFolder.find(checkpoint, tag));
  }

  private static DeepSpeedCheckpoint read(TagFolder folder) throws IOException {
    RankFiles files = RankFiles.list(folder);
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
    FrozenContents frozen =
        new FrozenContents(model.frozenShapes(), files.modelStatesPerRank(), worldSize);
    for (Map.Entry<Integer, Path> entry : files.modelStates().entrySet()) {
      int rank = entry.getKey();
      ModelStates states = rank == 0 ? model : ModelStates.read(entry.getValue(), false);
      model.requireSameSave(states);
      frozen.add(rank, states);
    }
    List<CheckpointParameter> parameters =
        ParameterAssembly.of(
            model, TrainableContents.of(optimizers, model.groups()), frozen.contents());
    return new DeepSpeedCheckpoint(
        folder, first.stage(), worldSize, model.version(), List.copyOf(parameters));
  }

  private static void requireLayout(RankFiles files, OptimizerStates first)
      throws CorruptFileException {
    if (files.modelStatesPerRank() != (first.stage() == 3)) {
      throw new CorruptFileException(
          "files of two different saves are mixed: zero_stage="
              + first.stage()
              + ", expected model states "
              + (first.stage() == 3 ? "of every rank" : "of rank 0 alone")
              + ", file="
              + files.modelStates().firstEntry().getValue()
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
      throw new CorruptFileException(
          "files of two different saves are mixed: "
              + what
              + "="
              + Printable.of(actual.toString())
              + ", expected "
              + Printable.of(expected.toString())
              + ", file="
              + file
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

  /** {@return the ZeRO stage: 1, 2 or 3} */
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
