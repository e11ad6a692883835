package dev.cairn.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.cli.text.Amounts;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LlamaShapeTest {
  @ParameterizedTest
  @CsvSource({"124M, 2", "245M, 1", "1B, 3", "2B, 2", "7B, 2", "10M, 5", "70B, 2"})
  void parameterCountComesClose(String asked, int percent) {
    long parameters = Amounts.parseCount(asked);
    long actual = LlamaShape.closestTo(parameters).parameters();
    assertTrue(
        Math.abs(actual - parameters) * 100 <= parameters * percent,
        () -> "asked=" + parameters + ", actual=" + actual);
  }

  @Test
  void smallestModelHasOneLayer() {
    assertEquals(1, LlamaShape.closestTo(1).layers());
  }

  @Test
  void parametersAreThoseOfTheTensors() {
    LlamaShape shape = LlamaShape.closestTo(124_000_000);
    long elements =
        shape.tensors(DType.F32).stream().mapToLong(tensor -> tensor.shape().elements()).sum();
    assertEquals(shape.parameters(), elements);
  }

  @Test
  void tensorsStandInTheOrderOfTheModel() {
    List<String> names =
        new LlamaShape(64, 176, 1, 2048)
            .tensors(DType.BF16).stream().map(TensorInfo::name).toList();
    assertEquals(
        List.of(
            "model.embed_tokens.weight",
            "model.layers.0.self_attn.q_proj.weight",
            "model.layers.0.self_attn.k_proj.weight",
            "model.layers.0.self_attn.v_proj.weight",
            "model.layers.0.self_attn.o_proj.weight",
            "model.layers.0.mlp.gate_proj.weight",
            "model.layers.0.mlp.up_proj.weight",
            "model.layers.0.mlp.down_proj.weight",
            "model.layers.0.input_layernorm.weight",
            "model.layers.0.post_attention_layernorm.weight",
            "model.norm.weight",
            "lm_head.weight"),
        names);
  }
}
