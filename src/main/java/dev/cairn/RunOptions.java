package dev.cairn;

import java.nio.file.Path;
import java.util.Objects;

/**
 * How the checkpoints of one training run are kept. The same on every rank.
 *
 * @param directory the run's directory; checkpoints are folders in it
 * @param unit what is counted: makes the folders' names
 * @param keepLast how many of the newest committed checkpoints stay; 0 keeps all
 * @param keepEvery checkpoints whose number is a multiple of it stay for good; 0 for none
 * @param verification how much {@link Checkpointer#latest} reads before it trusts a checkpoint
 * @param whenBusy what an asynchronous save does while the one before still runs
 * @param shared whether every rank's host sees the directory; see {@link #withShared}
 */
public record RunOptions(
    Path directory,
    Unit unit,
    int keepLast,
    long keepEvery,
    Verification verification,
    WhenBusy whenBusy,
    boolean shared) {
  /** What a run counts. */
  public enum Unit {
    /** Folders are called {@code step_N}. */
    STEP("step_"),
    /** Folders are called {@code epoch_N}. */
    EPOCH("epoch_");

    private final String prefix;

    Unit(String prefix) {
      this.prefix = prefix;
    }

    String folderName(long number) {
      return prefix + number;
    }

    String prefix() {
      return prefix;
    }
  }

  /** How much of a checkpoint is read before it is trusted. */
  public enum Verification {
    /** Structure, sizes and the CRC32C of every byte. */
    FULL,
    /** Structure and sizes. */
    SIZES
  }

  /** What an asynchronous save does while the one before still runs. */
  public enum WhenBusy {
    /** It waits: the trainer is held until the one before has ended. */
    WAIT,
    /**
     * It fails at once on every rank, if the one before still runs on any: {@link
     * PendingSave#await} throws, and the next call goes on.
     */
    REFUSE
  }

  /**
   * Checks the options.
   *
   * @param directory not null; need not exist
   * @param unit not null
   * @param keepLast 0 or more
   * @param keepEvery 0 or more
   * @param verification not null
   * @param whenBusy not null
   * @param shared false if only rank 0 is to read
   * @throws IllegalArgumentException if a count is negative
   */
  public RunOptions {
    Objects.requireNonNull(directory, "directory");
    Objects.requireNonNull(unit, "unit");
    Objects.requireNonNull(verification, "verification");
    Objects.requireNonNull(whenBusy, "whenBusy");
    if (keepLast < 0 || keepEvery < 0) {
      throw new IllegalArgumentException(
          "bad retention: keepLast=%d, keepEvery=%d, expected 0 or more"
              .formatted(keepLast, keepEvery));
    }
  }

  /**
   * {@return a run that counts steps, keeps every checkpoint, verifies fully, lets a save wait for
   * the one before, and whose directory all ranks see}
   *
   * @param directory the run's; made by the first save
   */
  public static RunOptions in(Path directory) {
    return new RunOptions(directory, Unit.STEP, 0, 0, Verification.FULL, WhenBusy.WAIT, true);
  }

  /**
   * {@return these options, counting something else}
   *
   * @param counted makes the folders' names, {@code step_3} or {@code epoch_3}
   */
  public RunOptions withUnit(Unit counted) {
    return new RunOptions(directory, counted, keepLast, keepEvery, verification, whenBusy, shared);
  }

  /**
   * {@return these options, keeping only so many of the newest checkpoints}
   *
   * @param count 0 or more; 0 keeps all
   */
  public RunOptions withKeepLast(int count) {
    return new RunOptions(directory, unit, count, keepEvery, verification, whenBusy, shared);
  }

  /**
   * {@return these options, keeping multiples of {@code every} for good}
   *
   * @param every 0 or more; 0 keeps none for that
   */
  public RunOptions withKeepEvery(long every) {
    return new RunOptions(directory, unit, keepLast, every, verification, whenBusy, shared);
  }

  /**
   * {@return these options, verifying more or less}
   *
   * @param value how much {@link Checkpointer#latest} reads before it trusts a checkpoint
   */
  public RunOptions withVerification(Verification value) {
    return new RunOptions(directory, unit, keepLast, keepEvery, value, whenBusy, shared);
  }

  /**
   * {@return these options, with saves that wait for the one before or are refused}
   *
   * @param value what an asynchronous save does while the one before still runs
   */
  public RunOptions withWhenBusy(WhenBusy value) {
    return new RunOptions(directory, unit, keepLast, keepEvery, verification, value, shared);
  }

  /**
   * {@return these options, for a directory that every rank's host sees, or that rank 0's alone
   * has}
   *
   * <p>If it is not shared, rank 0 finds and reads the checkpoint. {@link Checkpointer#latest}
   * tells the others what the trainer saved of its state, and a restore sends them the elements
   * that they hold, through the staging buffers of both sides, over the ranks' bulk transport:
   * Gloo, or what the trainer has lent to the communicator. Memory of a GPU is filled from the
   * host, never over NCCL. What the other hosts have in this place is not looked at.
   *
   * <p>Saves do not need to be told: where not all ranks see the folder, rank 0 alone writes.
   *
   * @param value true unless rank 0 is to read for all
   */
  public RunOptions withShared(boolean value) {
    return new RunOptions(directory, unit, keepLast, keepEvery, verification, whenBusy, value);
  }
}
