package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RunTest {
  @TempDir Path temporary;

  private RunOptions run() {
    return RunOptions.in(temporary.resolve("run"));
  }

  private static SaveOptions options() {
    return SaveOptions.builder()
        .durability(Durability.FAST)
        .keepDtypes()
        .stagingBuffers(2)
        .stagingBufferBytes(4096)
        .build();
  }

  /** Optimizer moments and masters in several layouts. */
  private static ReferenceModel moments(int worldSize) {
    return new ReferenceModel(99)
        .add("exp_avg.embed.weight", DType.F32, Layout.zero3(), 37, 11)
        .add("embed.weight", DType.F32, Layout.zero3(), 3)
        .add("counts", DType.I64, Layout.replicated(), 5)
        .add("flat", DType.BF16, Layout.flat(1, 6, 12L * worldSize, worldSize), 6);
  }

  private static TrainerState state(ReferenceModel moments, int rank, int worldSize) {
    TrainerState.Builder builder = TrainerState.builder();
    moments.on(rank, worldSize).parameters().forEach(builder::tensor);
    return builder
        .value("step", 12L)
        .value("learning_rate", 0.1 + 0.2)
        .value("schedule", "cosine")
        .rankBytes("rng", new byte[] {(byte) rank, 7})
        .build();
  }

  private void saveStep(int worldSize, long step, boolean async) throws Exception {
    ReferenceModel model = ReferenceModel.various(worldSize);
    ReferenceModel moments = moments(worldSize);
    Group.values(
        worldSize,
        communicator -> {
          int rank = communicator.rank();
          ParameterSet own = model.on(rank, worldSize);
          TrainerState state = state(moments, rank, worldSize);
          try (Checkpointer checkpointer = Checkpointer.open(communicator, options(), run())) {
            if (!async) {
              return checkpointer.save(step, own, ModelFiles.none(), state);
            }
            try (PendingSave save = checkpointer.saveAsync(step, own, ModelFiles.none(), state)) {
              ReferenceModel.overwrite(own);
              return save.await();
            }
          }
        });
  }

  static Stream<Arguments> worlds() {
    return IntStream.rangeClosed(1, 5)
        .boxed()
        .flatMap(
            writers ->
                IntStream.rangeClosed(1, 5)
                    .mapToObj(readers -> Arguments.of(writers, readers, readers % 2 == 0)));
  }

  @ParameterizedTest
  @MethodSource("worlds")
  void anyWorldRestoresWhatAnyWorldSaved(int writers, int readers, boolean async) throws Exception {
    saveStep(writers, 12, async);
    ReferenceModel model = ReferenceModel.various(readers);
    ReferenceModel moments = moments(readers);
    Group.values(
        readers,
        communicator -> {
          int rank = communicator.rank();
          ParameterSet empty = model.poisonedOn(rank, readers);
          TrainerState.Builder state = TrainerState.builder();
          moments.poisonedOn(rank, readers).parameters().forEach(state::tensor);
          TrainerState emptyState = state.build();
          try (Checkpointer checkpointer = Checkpointer.open(communicator, options(), run())) {
            Checkpoint last = checkpointer.latest().orElseThrow();
            assertEquals(12, last.step());
            last.restore(empty, emptyState);
            model.assertHolds(empty, rank, readers);
            moments.assertHolds(emptyState.tensors().get(), rank, readers);
            assertEquals(Optional.of(12L), last.longValue("step"));
            assertEquals(Optional.of(0.1 + 0.2), last.doubleValue("learning_rate"));
            assertEquals(Optional.of("cosine"), last.textValue("schedule"));
            assertEquals(writers, last.rankBytes("rng").size());
            assertArrayEquals(
                new byte[] {(byte) (writers - 1), 7}, last.rankBytes("rng").get(writers - 1));
          }
          return null;
        });
  }

  @Test
  void asyncAndSyncSavesWriteTheSameBytes() throws Exception {
    saveStep(3, 1, false);
    saveStep(3, 2, true);
    for (String file : List.of("model.safetensors", "state/state.safetensors")) {
      assertArrayEquals(
          Files.readAllBytes(run().directory().resolve("step_1").resolve(file)),
          Files.readAllBytes(run().directory().resolve("step_2").resolve(file)),
          file);
    }
  }

  @Test
  void damagedCheckpointIsPassedOverForTheOneBefore() throws Exception {
    saveStep(2, 1, false);
    saveStep(2, 2, false);
    Path file = run().directory().resolve("step_2/model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
    Group.values(
        2,
        communicator -> {
          try (Checkpointer checkpointer = Checkpointer.open(communicator, options(), run())) {
            assertEquals(1, checkpointer.latest().orElseThrow().step());
          }
          return null;
        });
  }

  @Test
  void sizesAloneDoNotShowAFlippedBitButACutFile() throws Exception {
    saveStep(1, 1, false);
    saveStep(1, 2, false);
    Path file = run().directory().resolve("step_2/model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
    RunOptions sizes = run().withVerification(RunOptions.Verification.SIZES);
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, options(), sizes)) {
      assertEquals(2, checkpointer.latest().orElseThrow().step());
      Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 1));
      assertEquals(1, checkpointer.latest().orElseThrow().step());
    }
  }

  @Test
  void emptyRunHasNoLatest() throws Exception {
    Group.values(
        2,
        communicator -> {
          try (Checkpointer checkpointer = Checkpointer.open(communicator, options(), run())) {
            assertTrue(checkpointer.latest().isEmpty());
          }
          return null;
        });
  }

  @Test
  void failureInTheBackgroundIsThrownByTheNextCall() throws Exception {
    Files.createDirectories(run().directory());
    Files.createFile(run().directory().resolve("step_1")); // a file where the folder is to be
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, options(), run())) {
      ParameterSet own = ReferenceModel.various(1).on(0, 1);
      TrainerState state = TrainerState.builder().build();
      checkpointer.saveAsync(1, own, ModelFiles.none(), state);
      IOException e =
          assertThrows(
              IOException.class, () -> checkpointer.saveAsync(2, own, ModelFiles.none(), state));
      assertInstanceOf(CheckpointException.class, e);
      checkpointer.saveAsync(3, own, ModelFiles.none(), state).await();
      assertEquals(3, checkpointer.latest().orElseThrow().step());
    }
  }

  @Test
  void wrongPartitionInABackgroundSaveIsToldToEveryRank() throws Exception {
    List<Group.Result<Void>> results =
        Group.run(
            2,
            communicator -> {
              int rank = communicator.rank();
              ReferenceModel model = ReferenceModel.various(2);
              ParameterSet own = rank == 0 ? model.on(0, 2) : ReferenceModel.various(3).on(2, 3);
              try (Checkpointer checkpointer = Checkpointer.open(communicator, options(), run())) {
                checkpointer
                    .saveAsync(1, own, ModelFiles.none(), TrainerState.builder().build())
                    .await();
              }
              return null;
            });
    CheckpointException e =
        assertInstanceOf(
            CheckpointException.class,
            results.get(0).failure(),
            () -> "" + results.get(0).failure());
    assertEquals(1, e.rank());
    assertInstanceOf(IllegalArgumentException.class, results.get(1).failure());
  }

  @Test
  void restoreRefusesWhatTheCheckpointDoesNotHave() throws Exception {
    saveStep(1, 1, false);
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, options(), run())) {
      Checkpoint last = checkpointer.latest().orElseThrow();
      ParameterSet other =
          new ReferenceModel(1).add("other", DType.F32, Layout.zero3(), 4).on(0, 1);
      Exception missing = assertThrows(IllegalArgumentException.class, () -> last.restore(other));
      assertEquals("tensor is not in the checkpoint: tensor=other", missing.getMessage());
      ParameterSet longer =
          new ReferenceModel(1).add("norm.weight", DType.F32, Layout.zero3(), 14).on(0, 1);
      Exception shape = assertThrows(IllegalArgumentException.class, () -> last.restore(longer));
      assertEquals(
          "shape differs from the checkpoint's: tensor=norm.weight, shape=[14], saved [13]",
          shape.getMessage());
      ParameterSet whole =
          new ReferenceModel(1).add("steps", DType.F32, Layout.replicated()).on(0, 1);
      Exception dtype = assertThrows(IllegalArgumentException.class, () -> last.restore(whole));
      assertEquals(
          "dtype differs from the checkpoint's: tensor=steps, dtype=F32, saved I64",
          dtype.getMessage());
    }
  }

  @Test
  void stateAloneIsRestoredWithoutTouchingTheWeights() throws Exception {
    saveStep(3, 1, false);
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, options(), run())) {
      ParameterSet state = moments(1).poisonedOn(0, 1);
      checkpointer.latest().orElseThrow().restore(TrainerState.builder().tensors(state).build());
      moments(1).assertHolds(state, 0, 1);
    }
  }

  @Test
  void runCallsNeedARun() throws Exception {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, options())) {
      assertThrows(IllegalStateException.class, checkpointer::latest);
    }
  }

  /** A folder of such a name would be committed and never found again. */
  @Test
  void numberThatNoFolderIsFoundByIsRefused() throws IOException {
    ParameterSet model = ReferenceModel.various(1).on(0, 1);
    TrainerState state = TrainerState.builder().build();
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, options(), run())) {
      long last = 999_999_999_999_999_999L;
      IllegalArgumentException error =
          assertThrows(
              IllegalArgumentException.class,
              () -> checkpointer.save(last + 1, model, ModelFiles.none(), state));
      assertEquals(
          "step out of range: step=1000000000000000000, expected 0 to 999999999999999999",
          error.getMessage());
      checkpointer.save(last, model, ModelFiles.none(), state);
      assertEquals(last, checkpointer.latest().orElseThrow().step());
    }
  }
}
