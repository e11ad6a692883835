package dev.cairn.hf;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpointer;
import dev.cairn.Parameter;
import dev.cairn.ParameterSet;
import dev.cairn.Partition;
import dev.cairn.SaveOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.json.Golden;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.layout.Layout;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FusedWeightsTest {
  @TempDir Path folder;

  /**
   * A tiny model of transformers: its config, its state dict, and the names that it is saved by.
   */
  record Model(ModelConfig config, Map<String, List<Long>> shapes, Set<String> published) {
    String type() {
      return config.modelType().orElseThrow();
    }

    @Override
    public String toString() {
      return type();
    }
  }

  static Stream<Model> models() throws IOException {
    List<Model> models = new ArrayList<>();
    for (Object row : (List<?>) Json.parse(Golden.bytes("models/fused_names.json"))) {
      models.add(model((Map<?, ?>) row));
    }
    return models.stream();
  }

  @SuppressWarnings("unchecked") // as make_golden_hf.py writes it
  private static Model model(Map<?, ?> row) {
    Map<String, List<Long>> shapes = new LinkedHashMap<>();
    ((Map<String, List<JsonNumber>>) row.get("memory"))
        .forEach(
            (name, shape) -> shapes.put(name, shape.stream().map(JsonNumber::longValue).toList()));
    return new Model(
        ModelConfig.of((Map<String, Object>) row.get("config")),
        shapes,
        new TreeSet<>((List<String>) row.get("published")));
  }

  @ParameterizedTest
  @MethodSource("models")
  void namesInMemoryAreRefusedIfTransformersSplitsThem(Model model) {
    boolean isSplit = !model.published().equals(model.shapes().keySet());
    assertEquals(isSplit, !Set.of("gpt_oss", "olmo3").contains(model.type()));
    Optional<ModelConfig> config = Optional.of(model.config());
    if (isSplit) {
      Exception e =
          assertThrows(
              IllegalArgumentException.class,
              () -> FusedWeights.check(config, model.shapes().keySet()));
      assertTrue(e.getMessage().contains(", model=" + model.type() + ", "), e.getMessage());
    } else {
      assertDoesNotThrow(() -> FusedWeights.check(config, model.shapes().keySet()));
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void publishedNamesAreFine(Model model) {
    assertDoesNotThrow(() -> FusedWeights.check(Optional.of(model.config()), model.published()));
  }

  @Test
  void withoutAConfigNothingIsKnown() {
    assertDoesNotThrow(
        () ->
            FusedWeights.check(
                Optional.empty(), List.of("model.layers.0.mlp.experts.gate_up_proj")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"model_type\":\"a\",\"thinker_config\":{\"text_config\":{\"model_type\":\"qwen3_moe\"}}}",
        "{\"model_type\":\"qwen2_moe\",\"text_config\":{\"model_type\":\"a\"}}"
      })
  void modelTypeOfAPartCounts(String json) throws IOException {
    ModelConfig config = ModelConfig.parse(json.getBytes(UTF_8), "");
    assertThrows(
        IllegalArgumentException.class,
        () -> FusedWeights.check(Optional.of(config), List.of("a.mlp.experts.down_proj")));
  }

  @Test
  void saveRefusesBeforeAnyFileExists() throws IOException {
    Path target = folder.resolve("saved");
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> save(mixtral(), SaveOptions.builder().build(), target));
    assertEquals(
        "fused weights: tensor=model.layers.0.mlp.experts.down_proj (and 1 more), model=mixtral,"
            + " expected the names of the published format, which transformers splits them into;"
            + " to save them as they are, ask for raw names (--raw-names)",
        e.getMessage());
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(), files.toList());
    }
  }

  @Test
  void rawNamesAreSavedAsTheyAre() throws IOException {
    Path target = folder.resolve("saved");
    save(mixtral(), SaveOptions.builder().rawNames(true).build(), target);
    try (ModelFolder saved = ModelFolder.open(target)) {
      Set<String> names = new TreeSet<>();
      saved.tensors().forEach(tensor -> names.add(tensor.name()));
      assertEquals(new TreeSet<>(mixtral().shapes().keySet()), names);
    }
  }

  private static Model mixtral() throws IOException {
    return models().filter(model -> model.type().equals("mixtral")).findFirst().orElseThrow();
  }

  /** Saves a model of ones. */
  static void save(Model model, SaveOptions options, Path target) throws IOException {
    List<Parameter> parameters = new ArrayList<>();
    model
        .shapes()
        .forEach(
            (name, dimensions) -> {
              Shape shape = Shape.of(dimensions.stream().mapToLong(Long::longValue).toArray());
              ByteBuffer ones =
                  ByteBuffer.allocateDirect((int) DType.F32.bytes(shape.elements()))
                      .order(ByteOrder.LITTLE_ENDIAN);
              while (ones.hasRemaining()) {
                ones.putFloat(1);
              }
              ones.flip();
              parameters.add(
                  Parameter.of(name, shape, DType.F32, Layout.replicated(), Partition.of(ones)));
            });
    ModelFiles files = ModelFiles.builder().config(model.config()).build();
    try (Checkpointer checkpointer = Checkpointer.open(Communicator.single(), options)) {
      checkpointer.save(target, ParameterSet.of(parameters), files);
    }
  }
}
