package dev.cairn.deepspeed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.content.TensorContent;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.StoredTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PipelineNamesTest {
  private final Map<String, Shape> pipeline = new LinkedHashMap<>();
  private final Map<String, Shape> base = new LinkedHashMap<>();

  /** An embedding, {@code layers} layers, a norm, a head. */
  private void decoder(int layers) {
    pipeline.put("0.weight", Shape.of(32, 8));
    base.put("lm_head.weight", Shape.of(32, 8));
    base.put("model.embed_tokens.weight", Shape.of(32, 8));
    for (int layer = 0; layer < layers; layer++) {
      for (String key : List.of("attn.weight", "mlp.weight")) {
        pipeline.put((layer + 1) + "." + key, Shape.of(8, 8));
        base.put("model.layers." + layer + "." + key, Shape.of(8, 8));
      }
      pipeline.put((layer + 1) + ".norm.weight", Shape.of(8));
      base.put("model.layers." + layer + ".norm.weight", Shape.of(8));
    }
    pipeline.put((layers + 1) + ".weight", Shape.of(8));
    pipeline.put((layers + 2) + ".weight", Shape.of(32, 8));
    base.put("model.norm.weight", Shape.of(8));
  }

  private Optional<Map<String, String>> find() {
    List<CheckpointParameter> parameters = new ArrayList<>();
    pipeline.forEach(
        (name, shape) ->
            parameters.add(
                new CheckpointParameter(
                    name,
                    shape,
                    ParameterKind.TRAINABLE,
                    DType.F32,
                    null,
                    new TensorContent(
                        StoredTensor.contiguous(Path.of("none"), 0, DType.F32, shape)),
                    null)));
    return PipelineNames.find(parameters, base);
  }

  @Test
  void layersAreInTheOrderOfTheirNumbersAndTheHeadIsLast() {
    decoder(12);
    Map<String, String> names = find().orElseThrow();
    assertEquals(pipeline.keySet(), names.keySet());
    assertEquals("model.embed_tokens.weight", names.get("0.weight"));
    assertEquals("model.layers.1.mlp.weight", names.get("2.mlp.weight"));
    assertEquals("model.layers.11.attn.weight", names.get("12.attn.weight"));
    assertEquals("model.norm.weight", names.get("13.weight"));
    assertEquals("lm_head.weight", names.get("14.weight"));
  }

  @Test
  void tiedTensorMayHaveNoNumber() {
    decoder(2);
    pipeline.remove("0.weight");
    pipeline.remove("4.weight");
    pipeline.put("tied_modules.embed.weight", Shape.of(32, 8));
    base.remove("lm_head.weight");
    assertEquals(
        "model.embed_tokens.weight", find().orElseThrow().get("tied_modules.embed.weight"));
  }

  @Test
  void twoModulesThatDifferByNothingAreNotTold() {
    decoder(2);
    pipeline.put("5.weight", Shape.of(8));
    base.put("model.last_norm.weight", Shape.of(8));
    assertEquals(Optional.empty(), find());
  }

  @Test
  void twoListsAlikeAreNotTold() {
    pipeline.put("0.w", Shape.of(8));
    pipeline.put("1.w", Shape.of(8));
    base.put("encoder.0.w", Shape.of(8));
    base.put("decoder.0.w", Shape.of(8));
    assertEquals(Optional.empty(), find());
  }

  @Test
  void everyTensorOfTheBaseIsTaken() {
    decoder(2);
    base.put("model.layers.0.attn.bias", Shape.of(8));
    assertEquals(Optional.empty(), find());
  }

  @Test
  void everyLayerIsOneOfTheBase() {
    decoder(2);
    pipeline.put("5.weight", Shape.of(8, 32));
    assertEquals(Optional.empty(), find());
    decoder(3);
    base.remove("model.layers.2.norm.weight");
    assertEquals(Optional.empty(), find());
  }

  /** Every other layer has one tensor more: their order has to be the base's for all. */
  @Test
  void layersOfTwoKindsAreInOneOrder() {
    decoder(4);
    for (int layer : List.of(1, 3)) {
      pipeline.put((layer + 1) + ".gate", Shape.of(4));
      base.put("model.layers." + layer + ".gate", Shape.of(4));
    }
    assertEquals("model.layers.3.gate", find().orElseThrow().get("4.gate"));
    pipeline.remove("2.gate");
    pipeline.put("1.gate", Shape.of(4));
    assertEquals(Optional.empty(), find());
  }
}
