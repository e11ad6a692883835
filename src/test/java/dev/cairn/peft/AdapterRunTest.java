package dev.cairn.peft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Adapters as the checkpoints of a run: numbered, pruned, found again and read back. */
class AdapterRunTest {
  private static final String Q = AdapterFiles.PREFIX + AdapterFiles.Q;
  private static final LoraConfig CONFIG =
      LoraConfig.builder().rank(2).targetModules(List.of("q_proj")).build();

  @TempDir Path folder;

  /** What one rank of a model with an adapter holds. */
  private static final class Held {
    private final Map<String, ByteBuffer> memory = new LinkedHashMap<>();
    private final ParameterSet parameters;

    Held(int rank, int worldSize, float value) {
      List<Parameter> parameters = new ArrayList<>();
      add(parameters, Q + ".base_layer.weight", Shape.of(4, 4), rank, worldSize, -1);
      add(parameters, Q + ".lora_A.second.weight", Shape.of(2, 4), rank, worldSize, value);
      add(parameters, Q + ".lora_B.second.weight", Shape.of(4, 2), rank, worldSize, value + 1);
      this.parameters = ParameterSet.of(parameters);
    }

    private void add(
        List<Parameter> all, String name, Shape shape, int rank, int worldSize, float value) {
      long elements = Layout.zero3().paddedElements(shape, rank, worldSize);
      ByteBuffer bytes =
          ByteBuffer.allocateDirect(4 * (int) elements).order(ByteOrder.LITTLE_ENDIAN);
      while (bytes.hasRemaining()) {
        bytes.putFloat(value);
      }
      memory.put(name, bytes.flip());
      all.add(Parameter.of(name, shape, DType.F32, Layout.zero3(), Partition.of(bytes)));
    }

    float first(String name) {
      return memory.get(name).getFloat(0);
    }
  }

  private interface Work {
    Object with(AdapterCheckpointer checkpointer, Communicator communicator) throws IOException;
  }

  private void onRanks(int worldSize, Work work) throws InterruptedException {
    List<Object> results =
        StateDict.onRanks(
            worldSize,
            communicator -> {
              SaveOptions fast = SaveOptions.builder().durability(Durability.FAST).build();
              RunOptions run = RunOptions.in(folder.resolve("run")).withKeepLast(2);
              try (Checkpointer checkpointer = Checkpointer.open(communicator, fast, run)) {
                AdapterOptions second = AdapterOptions.of("second");
                return work.with(
                    new AdapterCheckpointer(checkpointer, CONFIG, second), communicator);
              }
            });
    for (Object result : results) {
      assertEquals(true, result, () -> String.valueOf(result));
    }
  }

  private void saveSteps(long... steps) throws InterruptedException {
    onRanks(
        2,
        (adapter, ranks) -> {
          for (long step : steps) {
            Held held = new Held(ranks.rank(), ranks.size(), step);
            TrainerState state = TrainerState.builder().value("seen", 10 * step).build();
            adapter.save(step, held.parameters, state);
          }
          return true;
        });
  }

  @Test
  void oldStepsAreDeletedAndEachFolderIsAnAdapter() throws Exception {
    saveSteps(1, 2, 3);
    assertFalse(Files.exists(folder.resolve("run/step_1")));
    for (String step : List.of("step_2", "step_3")) {
      Path saved = folder.resolve("run").resolve(step);
      assertTrue(Files.exists(saved.resolve("adapter_model.safetensors")), step);
      assertTrue(Files.exists(saved.resolve("adapter_config.json")), step);
    }
  }

  @Test
  void latestStepIsReadBackOnAnotherNumberOfRanks() throws Exception {
    saveSteps(4, 5);
    onRanks(
        3,
        (adapter, ranks) -> {
          Checkpoint latest = adapter.latest().orElseThrow();
          assertEquals(5, latest.step());
          assertEquals(50, latest.longValue("seen").orElseThrow());
          Held held = new Held(ranks.rank(), ranks.size(), 0);
          adapter.restore(latest, held.parameters, TrainerState.builder().build());
          assertEquals(5, held.first(Q + ".lora_A.second.weight"));
          assertEquals(6, held.first(Q + ".lora_B.second.weight"));
          assertEquals(-1, held.first(Q + ".base_layer.weight"));
          return true;
        });
  }

  @Test
  void runWithoutACheckpointHasNoLatest() throws Exception {
    onRanks(1, (adapter, ranks) -> adapter.latest().isEmpty());
  }

  /** Its caller's mistake there, a failure elsewhere; nobody waits for it. */
  @Test
  @Timeout(30)
  void rankWithoutTheAdapterFailsTheRestoreOnAll() throws Exception {
    saveSteps(1);
    List<String> messages = Collections.synchronizedList(new ArrayList<>());
    onRanks(
        2,
        (adapter, ranks) -> {
          Checkpoint latest = adapter.latest().orElseThrow();
          ParameterSet own = new Held(ranks.rank(), ranks.size(), 0).parameters;
          ParameterSet given =
              ranks.rank() == 0
                  ? own
                  : ParameterSet.of(List.of(own.named(Q + ".base_layer.weight")));
          Class<? extends Exception> expected =
              ranks.rank() == 0 ? CheckpointException.class : IllegalArgumentException.class;
          Exception e =
              assertThrows(
                  expected, () -> adapter.restore(latest, given, TrainerState.builder().build()));
          messages.add(e.getMessage());
          return true;
        });
    assertTrue(
        messages.stream().anyMatch(text -> text.startsWith("restore failed on rank 1 of 2: ")),
        () -> "" + messages);
  }
}
