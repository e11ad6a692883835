package dev.cairn.benchmarks.models;

import dev.cairn.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/** The tensors of a Llama-shaped model of about so many parameters, in the model's order. */
public final class LlamaShapes {
  private static final int VOCABULARY = 32000;

  private LlamaShapes() {}

  private static int hidden(double parameters) {
    if (parameters >= 8e8) {
      return 2048;
    }
    if (parameters >= 4e8) {
      return 1536;
    }
    return parameters >= 8e7 ? 1024 : 64;
  }

  /** Returns shapes by name. */
  public static Map<String, Shape> of(double parameters) {
    int hidden = hidden(parameters);
    int inner = hidden * 11 / 4;
    int vocabulary = hidden < 1024 ? 256 : VOCABULARY;
    double layer = 4.0 * hidden * hidden + 3.0 * hidden * inner + 2 * hidden;
    long layers =
        Math.max(1, Math.round((parameters - 2.0 * vocabulary * hidden - hidden) / layer));
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", Shape.of(vocabulary, hidden));
    for (long index = 0; index < layers; index++) {
      String prefix = "model.layers." + index + ".";
      for (String letter : new String[] {"q", "k", "v", "o"}) {
        shapes.put(prefix + "self_attn." + letter + "_proj.weight", Shape.of(hidden, hidden));
      }
      shapes.put(prefix + "mlp.gate_proj.weight", Shape.of(inner, hidden));
      shapes.put(prefix + "mlp.up_proj.weight", Shape.of(inner, hidden));
      shapes.put(prefix + "mlp.down_proj.weight", Shape.of(hidden, inner));
      shapes.put(prefix + "input_layernorm.weight", Shape.of(hidden));
      shapes.put(prefix + "post_attention_layernorm.weight", Shape.of(hidden));
    }
    shapes.put("model.norm.weight", Shape.of(hidden));
    shapes.put("lm_head.weight", Shape.of(vocabulary, hidden));
    return shapes;
  }

  /** Returns the number of elements of all tensors. */
  public static long elements(Map<String, Shape> shapes) {
    return shapes.values().stream().mapToLong(Shape::elements).sum();
  }
}
