package dev.cairn;

import dev.cairn.json.JsonNumber;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.restore.Restore;
import dev.cairn.save.TrainerFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A committed checkpoint of a run, from {@link Checkpointer#latest}. It holds no file open; used by
 * one thread.
 */
public final class Checkpoint {
  private final Checkpointer checkpointer;
  private final Path path;
  private final long step;
  private final boolean isShared;
  private Optional<byte[]> told;
  private TrainerFile trainerFile;

  Checkpoint(Checkpointer checkpointer, LatestCheckpoint.Found found) {
    this.checkpointer = checkpointer;
    this.path = found.entry().path();
    this.step = found.entry().number();
    this.isShared = found.trainerBytes().isEmpty();
    this.told = found.trainerBytes();
  }

  /** {@return its folder, an absolute path} */
  public Path path() {
    return path;
  }

  /** {@return its number: the step, or the epoch, by which it was saved} */
  public long step() {
    return step;
  }

  /**
   * Fills this rank's partitions with the checkpoint's weights, whatever number of ranks wrote them
   * and however they held them. Collective.
   *
   * <p>Each rank reads only its own byte ranges, or rank 0 reads and sends them ({@link
   * RunOptions#withShared}). Floats are cast to the dtype they are held in, but not to F64; padding
   * is left alone. An alias that was left out for its tied weight is filled from that.
   *
   * <p>Partitions in the memory of a GPU are written once the work that is queued on their streams
   * by now has been done, and are written when this returns: whatever the trainer queues afterwards
   * finds the checkpoint's weights.
   *
   * @param model what the trainer holds now; the partitions are written
   * @throws IllegalArgumentException if a tensor is not in the checkpoint, shape or dtype differ,
   *     or a partition is not where it is said to be; the other ranks get a {@link
   *     CheckpointException} that says so
   * @throws CheckpointException on every rank, if any rank failed; partitions are then undefined
   * @throws IOException if a save in the background has failed and nobody has been told
   */
  public void restore(ParameterSet model) throws IOException {
    restore(model, TrainerState.builder().build());
  }

  /**
   * Fills this rank's partitions with the tensors of the trainer's state alone: for a trainer that
   * keeps fp32 masters there and makes its weights from them. Collective.
   *
   * @param state whose tensors' partitions are written
   * @throws IllegalArgumentException as {@link #restore(ParameterSet)} does
   * @throws CheckpointException as {@link #restore(ParameterSet)} does
   * @throws IOException as {@link #restore(ParameterSet)} does
   */
  public void restore(TrainerState state) throws IOException {
    fill(Optional::empty, state);
  }

  /**
   * Fills this rank's partitions with the checkpoint's weights, and the tensors of the trainer's
   * state likewise. Collective. Values and rank bytes are read with the methods below.
   *
   * <p>Memory that is in both is filled in no defined order; give {@link #restore(TrainerState)}
   * what the weights share with the masters.
   *
   * @param model what the trainer holds now; the partitions are written
   * @param state whose tensors' partitions are written
   * @throws IllegalArgumentException as {@link #restore(ParameterSet)} does
   * @throws CheckpointException as {@link #restore(ParameterSet)} does
   * @throws IOException as {@link #restore(ParameterSet)} does
   */
  public void restore(ParameterSet model, TrainerState state) throws IOException {
    Objects.requireNonNull(model, "model");
    fill(() -> Optional.of(model), state);
  }

  /**
   * As {@link #restore(ParameterSet, TrainerState)}; if one rank's model throws, all ranks fail.
   */
  void fill(Supplier<Optional<ParameterSet>> model, TrainerState state) throws IOException {
    checkpointer
        .calls()
        .collective(
            () -> {
              checkpointer.saves().forgetEnded();
              return Restore.together(checkpointer.tools(), path, isShared, model, state);
            });
  }

  /**
   * {@return a number of the trainer's state, empty if there is none of that name}
   *
   * @param name under which it was saved
   * @throws IOException if the checkpoint's file cannot be read
   */
  public Optional<Double> doubleValue(String name) throws IOException {
    return values().get(name) instanceof JsonNumber number
        ? Optional.of(number.doubleValue())
        : Optional.empty();
  }

  /**
   * {@return a whole number of the trainer's state, empty if there is none of that name}
   *
   * @param name under which it was saved
   * @throws IOException if the checkpoint's file cannot be read
   * @throws NumberFormatException if the number of that name is not whole
   */
  public Optional<Long> longValue(String name) throws IOException {
    return values().get(name) instanceof JsonNumber number
        ? Optional.of(number.longValue())
        : Optional.empty();
  }

  /**
   * {@return a text of the trainer's state, empty if there is none of that name}
   *
   * @param name under which it was saved
   * @throws IOException if the checkpoint's file cannot be read
   */
  public Optional<String> textValue(String name) throws IOException {
    return values().get(name) instanceof String text ? Optional.of(text) : Optional.empty();
  }

  /**
   * {@return what each rank that saved had under this name, in rank order; null for one that had
   * nothing} The list is as long as the world was then, which may be another than now.
   *
   * @param name under which they were saved
   * @throws IOException if the checkpoint's file cannot be read
   */
  public List<byte[]> rankBytes(String name) throws IOException {
    return trainerFile().rankBytes().stream().map(own -> own.get(name)).toList();
  }

  private Map<String, Object> values() throws IOException {
    return trainerFile().values();
  }

  private TrainerFile trainerFile() throws IOException {
    if (trainerFile == null) {
      byte[] bytes =
          told.isPresent() ? told.get() : TrainerFile.read(checkpointer.tools().disk(), path);
      trainerFile = TrainerFile.parse(bytes, path);
      told = Optional.empty();
    }
    return trainerFile;
  }
}
