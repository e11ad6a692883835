package dev.cairn.peft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpointer;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AdapterCheckpointerTest {
  private static final String Q = AdapterFiles.PREFIX + AdapterFiles.Q;
  private static final String A = Q + ".lora_A.default.weight";
  private static final String B = Q + ".lora_B.default.weight";
  private static final LoraConfig CONFIG =
      LoraConfig.builder().rank(2).targetModules(List.of("q_proj")).build();

  @TempDir Path folder;

  private static Map<String, Shape> model() {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put(Q + ".base_layer.weight", Shape.of(4, 4));
    shapes.put(A, Shape.of(2, 4));
    shapes.put(B, Shape.of(4, 2));
    return shapes;
  }

  private static ParameterSet parameters(Map<String, Shape> shapes, int rank, int worldSize) {
    List<Parameter> parameters = new ArrayList<>();
    shapes.forEach(
        (name, shape) -> {
          long elements = Layout.zero3().paddedElements(shape, rank, worldSize);
          Partition held = Partition.of(ByteBuffer.allocateDirect(4 * (int) elements));
          parameters.add(Parameter.of(name, shape, DType.F32, Layout.zero3(), held));
        });
    return ParameterSet.of(parameters);
  }

  /** Saves on two ranks, of which the second has another model. */
  private List<Object> save(
      Map<String, Shape> first, Map<String, Shape> second, String adapter, LoraConfig config)
      throws InterruptedException {
    return StateDict.onRanks(
        2,
        communicator -> {
          SaveOptions fast = SaveOptions.builder().durability(Durability.FAST).build();
          Map<String, Shape> held = communicator.rank() == 0 ? first : second;
          try (Checkpointer checkpointer = Checkpointer.open(communicator, fast)) {
            return new AdapterCheckpointer(checkpointer, config, AdapterOptions.of(adapter))
                .save(folder.resolve("adapter"), parameters(held, communicator.rank(), 2));
          }
        });
  }

  private void assertNothingLeft() throws IOException {
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(), left.toList());
    }
  }

  private void assertRefused(String part, Map<String, Shape> model, String adapter)
      throws Exception {
    for (Object result : save(model, model, adapter, CONFIG)) {
      IllegalArgumentException refused = assertInstanceOf(IllegalArgumentException.class, result);
      assertTrue(refused.getMessage().contains(part), refused.getMessage());
    }
    assertNothingLeft();
  }

  @Test
  void adapterThatIsNotThereIsRefusedNamingThoseThatAre() throws Exception {
    assertRefused(
        "empty adapter: adapter=other has no parameters among 3, expected one of [default]",
        model(),
        "other");
  }

  @Test
  void placeholderOfNoElementsIsRefused() throws Exception {
    Map<String, Shape> model = model();
    model.put(A, Shape.of(0));
    assertRefused(
        "adapter tensor of no elements: tensor=" + Q + ".lora_A.weight", model, "default");
  }

  @Test
  void halfOfAPairIsRefused() throws Exception {
    Map<String, Shape> model = model();
    model.remove(B);
    assertRefused("adapter is incomplete: module=" + Q + " has only lora_A", model, "default");
  }

  @Test
  void rankThatTheConfigDoesNotSayIsRefused() throws Exception {
    Map<String, Shape> model = model();
    model.put(A, Shape.of(3, 4));
    model.put(B, Shape.of(4, 3));
    assertRefused("expected [2,…] and […,2] (r=2)", model, "default");
  }

  @Test
  void parameterOfALayerThatCairnDoesNotKnowIsRefusedRatherThanLost() throws Exception {
    for (String rest : List.of("", ".weight", ".deep.weight")) {
      Map<String, Shape> model = model();
      model.put(Q + ".lora_new.default" + rest, Shape.of(2));
      assertRefused(
          "unknown LoRA parameter: tensor=" + Q + ".lora_new.default" + rest, model, "default");
    }
  }

  @Test
  void unknownParameterOfAnotherAdapterDoesNotMatter() throws Exception {
    Map<String, Shape> model = model();
    model.put(Q + ".lora_new.other", Shape.of(2));
    save(model, model, "default", CONFIG);
    assertTrue(Files.exists(folder.resolve("adapter").resolve("adapter_model.safetensors")));
  }

  /** Returns the model of which only the adapter is in memory: reading the rest fails. */
  private static ParameterSet unreadable(int rank, int worldSize) {
    List<Parameter> parameters = new ArrayList<>();
    for (Parameter held : parameters(model(), rank, worldSize).parameters()) {
      Partition base =
          Partition.of(
              (position, target) -> {
                throw new IOException("base weight was read");
              },
              held.partition().lengthBytes());
      boolean isAdapter = held.name().contains(".lora_");
      parameters.add(
          Parameter.of(
              held.name(),
              held.shape(),
              held.held(),
              held.layout(),
              isAdapter ? held.partition() : base));
    }
    return ParameterSet.of(parameters);
  }

  @ParameterizedTest
  @EnumSource(
      value = SaveMode.class,
      names = {"GATHER", "PARALLEL"})
  void onlyTheAdaptersParametersAreRead(SaveMode mode) throws Exception {
    List<Object> results =
        StateDict.onRanks(
            2,
            communicator -> {
              SaveOptions fast =
                  SaveOptions.builder().durability(Durability.FAST).mode(mode).build();
              try (Checkpointer checkpointer = Checkpointer.open(communicator, fast)) {
                return new AdapterCheckpointer(checkpointer, CONFIG)
                    .save(folder.resolve("adapter"), unreadable(communicator.rank(), 2));
              }
            });
    for (Object result : results) {
      assertEquals(mode, assertInstanceOf(SaveReport.class, result).mode());
    }
  }

  @Test
  void refusalOnOneRankEndsTheSaveOnAll() throws Exception {
    Map<String, Shape> wrong = model();
    wrong.put(A, Shape.of(0));
    List<Object> results = save(model(), wrong, "default", CONFIG);
    CheckpointException first = assertInstanceOf(CheckpointException.class, results.get(0));
    assertEquals(1, first.rank());
    assertInstanceOf(IllegalArgumentException.class, results.get(1));
    assertNothingLeft();
  }

  @Test
  void failedSaveOfANamedAdapterLeavesNoFolderForIt() throws Exception {
    Map<String, Shape> named = new LinkedHashMap<>();
    model().forEach((name, shape) -> named.put(name.replace(".default.", ".second."), shape));
    Files.writeString(folder.resolve("adapter"), "a file is in the way");
    List<Object> results = save(named, named, "second", CONFIG);
    assertInstanceOf(CheckpointException.class, results.get(0));
    Files.delete(folder.resolve("adapter"));
    assertNothingLeft();
  }

  @Test
  void namedAdapterGoesIntoItsSubfolder() throws Exception {
    Map<String, Shape> named = new LinkedHashMap<>();
    model().forEach((name, shape) -> named.put(name.replace(".default.", ".second."), shape));
    save(named, named, "second", CONFIG);
    Path inside = folder.resolve("adapter").resolve("second");
    assertTrue(Files.exists(inside.resolve("adapter_model.safetensors")));
    assertTrue(Files.exists(inside.resolve("adapter_config.json")));
  }
}
