package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.RunDirectory;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.FolderCheck;
import dev.cairn.hf.ModelFiles;
import dev.cairn.kernels.Kernels;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveMode;
import dev.cairn.support.ReferenceModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/** The directory of a {@link SaveLoop}, after ranks were killed. */
final class SavedRun {
  /** Shorter than any save, and yet leaves the processors to the ranks. */
  private static final long POLL_NANOS = 100_000;

  private SavedRun() {}

  /**
   * Checks every visible folder, that no committed step is lost, and that the latest holds the bits
   * of its own step.
   *
   * @param committed the newest step of which any rank was told that it is committed
   */
  static void check(Path run, long committed) throws IOException {
    for (RunDirectory.Entry entry : new RunDirectory(run).committed()) {
      assertEquals(
          List.of(),
          FolderCheck.check(
              entry.path(),
              Kernels.best()::crc32c,
              ByteBuffer.allocateDirect(1 << 16),
              bytes -> {}),
          entry.path().toString());
    }
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(single, SaveLoop.options(SaveMode.AUTO), RunOptions.in(run))) {
      Optional<Checkpoint> latest = checkpointer.latest();
      long step = latest.map(Checkpoint::step).orElse(0L);
      assertTrue(step >= committed, "lost: latest=" + step + ", committed " + committed);
      if (latest.isPresent()) {
        ReferenceModel expected = SaveLoop.model(latest.get().step());
        ParameterSet restored = expected.poisonedOn(0, 1);
        latest.get().restore(restored);
        expected.assertHolds(restored, 0, 1);
        assertEquals(Optional.of(latest.get().step()), latest.get().longValue("step"));
      }
    }
  }

  /** Returns whether there is a folder in the making, whoever makes it. */
  static boolean isSaving(Path run) throws IOException {
    if (!Files.exists(run)) {
      return false;
    }
    try (var paths = Files.list(run)) {
      return paths.anyMatch(path -> path.getFileName().toString().contains(".tmp-"));
    }
  }

  static void awaitSaving(Path run) throws IOException {
    while (!isSaving(run)) {
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  /** Waits until a file of a checkpoint is being written: the folder then says whose it is. */
  private static void awaitWriting(Path run) {
    while (!isWriting(run)) {
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  private static boolean isWriting(Path run) {
    try (DirectoryStream<Path> making = Files.newDirectoryStream(run, ".*.tmp-*")) {
      for (Path folder : making) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.safetensors")) {
          if (files.iterator().hasNext()) {
            return true;
          }
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // It has just been committed.
    }
    return false;
  }

  static int hidden(Path run) throws IOException {
    try (var paths = Files.list(run)) {
      return (int) paths.filter(path -> path.getFileName().toString().startsWith(".")).count();
    }
  }

  /**
   * Saves by several ranks, kills all of them in the middle of a save, twice, and saves once more:
   * nothing that was committed is lost, and nothing else is left.
   *
   * @param scratch where ranks may meet
   */
  static void killTwice(Path run, Path scratch, int worldSize, SaveMode mode, boolean async)
      throws Exception {
    List<String> arguments =
        List.of(run.toString(), mode.name(), "DURABLE", Boolean.toString(async), "none", "0");
    long committed = 0;
    for (int kill = 0; kill < 2; kill++) {
      Path rendezvous = Files.createTempDirectory(scratch, "meet");
      List<SaveLoopProcess> ranks = new ArrayList<>();
      try {
        for (int rank = 0; rank < worldSize; rank++) {
          ranks.add(new SaveLoopProcess(rank, worldSize, arguments));
        }
        for (SaveLoopProcess rank : ranks) {
          rank.join(rendezvous);
        }
        ranks.get(0).await("committed " + (committed + 2), 120_000);
        awaitWriting(run);
        for (SaveLoopProcess rank : ranks) {
          rank.kill();
          committed = Math.max(committed, rank.committed());
        }
      } finally {
        ranks.forEach(SaveLoopProcess::close);
      }
      check(run, committed);
      // One that no rank was told of may have been committed all the same.
      committed =
          new RunDirectory(run)
              .committed().stream().mapToLong(RunDirectory.Entry::number).max().orElse(0);
    }
    saveAlone(run, committed + 1);
    check(run, committed + 1);
    assertEquals(0, hidden(run));
  }

  private static void saveAlone(Path run, long step) throws IOException {
    TrainerState state = TrainerState.builder().value("step", step).build();
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(single, SaveLoop.options(SaveMode.AUTO), RunOptions.in(run))) {
      checkpointer.save(step, SaveLoop.model(step).on(0, 1), ModelFiles.none(), state);
    }
  }
}
