package dev.cairn.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.json.Golden;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.options.FormOptions;
import dev.cairn.options.SaveOptions;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models of transformers whose names in memory are not those of their files. */
class PublishedFormTest {
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
  void namesInMemoryAreSavedAsTransformersDoes(Model model) throws IOException {
    boolean isSplit = !model.published().equals(model.shapes().keySet());
    assertEquals(isSplit, !Set.of("gpt_oss", "olmo3").contains(model.type()));
    Path target = folder.resolve("saved");
    save(model, SaveOptions.builder().build(), target);
    assertEquals(model.published(), names(target));
  }

  @ParameterizedTest
  @MethodSource("models")
  void withoutAConfigNothingIsKnown(Model model) throws IOException {
    Path target = folder.resolve("saved");
    save(model, ModelFiles.none(), SaveOptions.builder().build(), target);
    assertEquals(model.shapes().keySet(), names(target));
  }

  @Test
  void rawNamesAreSavedAsTheyAre() throws IOException {
    Path target = folder.resolve("saved");
    save(
        mixtral(),
        SaveOptions.builder().form(FormOptions.asPublished().withRawNames(true)).build(),
        target);
    assertEquals(mixtral().shapes().keySet(), names(target));
  }

  private static Set<String> names(Path target) throws IOException {
    try (ModelFolder saved = ModelFolder.open(target)) {
      Set<String> names = new HashSet<>();
      saved.tensors().forEach(tensor -> names.add(tensor.name()));
      return names;
    }
  }

  private static Model mixtral() throws IOException {
    return models().filter(model -> model.type().equals("mixtral")).findFirst().orElseThrow();
  }

  /** Saves a model of ones. */
  static void save(Model model, SaveOptions options, Path target) throws IOException {
    save(model, ModelFiles.builder().config(model.config()).build(), options, target);
  }

  private static void save(Model model, ModelFiles files, SaveOptions options, Path target)
      throws IOException {
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
    try (Checkpointer checkpointer = Checkpointer.open(Communicator.single(), options)) {
      checkpointer.save(target, ParameterSet.of(parameters), files);
    }
  }
}
