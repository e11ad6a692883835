package dev.cairn.simulation.history;

import dev.cairn.RunOptions;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.tensor.DType;
import java.nio.file.Path;

/**
 * With which options a group's checkpointers are opened.
 *
 * @param mode who writes
 * @param durability what a save survives
 * @param isCast whether floats are cast to BF16
 * @param maxShardBytes where files are cut
 * @param snapshotBudgetBytes how much of a save in the background is copied
 * @param stagingBuffers how many there are
 * @param keepLast how many checkpoints stay
 * @param keepEvery which stay for good
 * @param whenBusy what becomes of a save while one runs
 */
public record Setup(
    SaveMode mode,
    Durability durability,
    boolean isCast,
    long maxShardBytes,
    long snapshotBudgetBytes,
    int stagingBuffers,
    int keepLast,
    long keepEvery,
    RunOptions.WhenBusy whenBusy) {
  public static Setup simple(SaveMode mode, Durability durability) {
    return new Setup(
        mode, durability, false, 1 << 20, Long.MAX_VALUE, 1, 0, 0, RunOptions.WhenBusy.WAIT);
  }

  public Setup withKeepLast(int count) {
    return new Setup(
        mode,
        durability,
        isCast,
        maxShardBytes,
        snapshotBudgetBytes,
        stagingBuffers,
        count,
        keepEvery,
        whenBusy);
  }

  public boolean isDurable() {
    return durability != Durability.FAST;
  }

  public SaveOptions saveOptions() {
    SaveOptions.Builder builder =
        SaveOptions.builder()
            .mode(mode)
            .durability(durability)
            .maxShardBytes(maxShardBytes)
            .snapshotBudgetBytes(snapshotBudgetBytes)
            .stagingBuffers(stagingBuffers)
            .stagingBufferBytes(4096);
    return (isCast ? builder.dtype(DType.BF16) : builder.keepDtypes()).build();
  }

  public RunOptions runOptions(Path run) {
    return RunOptions.in(run)
        .withKeepLast(keepLast)
        .withKeepEvery(keepEvery)
        .withWhenBusy(whenBusy);
  }
}
