package dev.cairn;

import static dev.cairn.AsyncSaves.NO_STATE;
import static dev.cairn.AsyncSaves.open;
import static dev.cairn.AsyncSaves.options;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveMode;
import dev.cairn.support.FaultyDisk;
import dev.cairn.support.FaultyDisk.Call;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("stress")
@Timeout(60)
class AsyncSaveTest {
  @TempDir Path temporary;

  private RunOptions run() {
    return RunOptions.in(temporary.resolve("run"));
  }

  static Stream<Arguments> budgets() {
    return Stream.of(0L, 100L, 700L, 1500L, 3000L, Long.MAX_VALUE)
        .flatMap(
            budget ->
                Stream.of(SaveMode.GATHER, SaveMode.PARALLEL)
                    .map(mode -> Arguments.of(budget, mode)));
  }

  @ParameterizedTest
  @MethodSource("budgets")
  void trainerMayChangeEverythingAfterTheCallWhateverTheBudget(long budgetBytes, SaveMode mode)
      throws Exception {
    ReferenceModel model = ReferenceModel.various(3);
    ReferenceModel moments =
        new ReferenceModel(3)
            .add("moment", DType.F32, Layout.zero3(), 301)
            .add("master", DType.F32, Layout.replicated(), 77);
    Group.values(
        3,
        communicator -> {
          int rank = communicator.rank();
          ParameterSet own = model.on(rank, 3);
          ParameterSet ownMoments = moments.on(rank, 3);
          TrainerState.Builder state = TrainerState.builder();
          ownMoments.parameters().forEach(state::tensor);
          try (Checkpointer checkpointer =
                  open(
                      communicator,
                      options().mode(mode).snapshotBudgetBytes(budgetBytes),
                      run(),
                      Disk.local());
              PendingSave save = checkpointer.saveAsync(5, own, ModelFiles.none(), state.build())) {
            ReferenceModel.overwrite(own);
            ReferenceModel.overwrite(ownMoments);
            save.await();
            ParameterSet again = moments.poisonedOn(rank, 3);
            TrainerState.Builder restored = TrainerState.builder();
            again.parameters().forEach(restored::tensor);
            checkpointer.latest().orElseThrow().restore(own, restored.build());
            moments.assertHolds(again, rank, 3);
          }
          return null;
        });
    assertIs(model, "model.safetensors");
  }

  @Test
  void trainerWithoutFilesBesideItsWeightsNamesNone() throws Exception {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = open(single, options(), run(), Disk.local());
        PendingSave save =
            checkpointer.saveAsync(5, ReferenceModel.various(1).on(0, 1), NO_STATE)) {
      save.await();
    }
    assertIs(ReferenceModel.various(1), "model.safetensors");
  }

  private void assertIs(ReferenceModel expected, String file) throws IOException {
    assertArrayEquals(
        expected.expectedFiles(Optional.empty(), Long.MAX_VALUE).get("model.safetensors"),
        Files.readAllBytes(run().directory().resolve("step_5").resolve(file)),
        file);
  }

  @ParameterizedTest
  @MethodSource("budgets")
  void callReturnsBeforeTheSaveHasEnded(long budgetBytes, SaveMode mode) throws Exception {
    CountDownLatch gate = new CountDownLatch(2);
    Group.values(
        2,
        communicator -> {
          try (Checkpointer checkpointer =
              open(
                  communicator,
                  options().mode(mode).snapshotBudgetBytes(budgetBytes),
                  run(),
                  FaultyDisk.waiting(Call.RENAME, 0, gate))) {
            PendingSave save =
                checkpointer.saveAsync(
                    5,
                    ReferenceModel.various(2).on(communicator.rank(), 2),
                    ModelFiles.none(),
                    NO_STATE);
            assertFalse(save.isDone());
            assertTrue(save.stallNanos() > 0);
            gate.countDown(); // both have looked before rank 0 commits
            return save.await();
          }
        });
  }

  @Test
  void partitionsAreBorrowedUntilTheSnapshotIsDone() throws Exception {
    ReferenceModel model = ReferenceModel.various(2);
    Group.values(
        2,
        communicator -> {
          ParameterSet own = model.on(communicator.rank(), 2);
          try (Checkpointer checkpointer = open(communicator, options(), run(), Disk.local())) {
            checkpointer.reserveSnapshot(own, NO_STATE);
            PendingSave save = checkpointer.beginSave(5, own, ModelFiles.none(), NO_STATE);
            save.snapshotDone();
            ReferenceModel.overwrite(own);
            return save.await();
          }
        });
    assertIs(model, "model.safetensors");
  }

  /** Replicated on every rank, in one memory, not declared: as DDP holds tied embeddings. */
  @ParameterizedTest
  @MethodSource("budgets")
  void undeclaredTiesOfReplicatedTensorsAreLeftOut(long budgetBytes, SaveMode mode)
      throws Exception {
    Path hf = Files.createDirectory(temporary.resolve("hf"));
    Files.writeString(
        hf.resolve("config.json"),
        """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "tie_word_embeddings": true}
        """);
    ModelFiles files = ModelFiles.fromFolder(hf);
    Group.values(
        3,
        communicator -> {
          ByteBuffer shared = ByteBuffer.allocateDirect(4 * 40);
          ByteBuffer other = ByteBuffer.allocateDirect(4 * 10);
          ParameterSet own =
              ParameterSet.of(
                  List.of(
                      replicated("model.embed_tokens.weight", shared, 8, 5),
                      replicated("model.norm.weight", other, 10),
                      replicated("lm_head.weight", shared, 8, 5)));
          try (Checkpointer checkpointer =
              open(
                  communicator,
                  options().mode(mode).snapshotBudgetBytes(budgetBytes),
                  run(),
                  Disk.local())) {
            PendingSave save = checkpointer.saveAsync(5, own, files, NO_STATE);
            ReferenceModel.overwrite(own);
            return save.await();
          }
        });
    assertEquals(
        List.of("model.embed_tokens.weight", "model.norm.weight"),
        List.copyOf(new java.util.TreeMap<>(names(run().directory().resolve("step_5"))).keySet()));
  }

  private static Map<String, Boolean> names(Path folder) throws IOException {
    try (var opened = dev.cairn.hf.ModelFolder.open(folder)) {
      return opened.tensors().stream()
          .collect(java.util.stream.Collectors.toMap(tensor -> tensor.entry().name(), t -> true));
    }
  }

  private static Parameter replicated(String name, ByteBuffer memory, long... dimensions) {
    return Parameter.of(
        name, Shape.of(dimensions), DType.F32, Layout.replicated(), Partition.of(memory));
  }
}
