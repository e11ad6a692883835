package dev.cairn.example;

import dev.cairn.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A small decoder in the Llama architecture, with transformers' names: RMSNorm, rotary positions,
 * grouped queries, SwiGLU, tied embeddings. Its sizes are those of {@code base/config.json}.
 */
final class Llama {
  static final int VOCABULARY = 257;
  private static final int LAYERS = 2;
  private static final int HIDDEN = 40;
  private static final int INTERMEDIATE = 112;
  private static final int HEADS = 4;
  private static final int KEY_HEADS = 2;
  private static final int HEAD = HIDDEN / HEADS;
  private static final double THETA = 10_000;
  private static final double EPSILON = 1e-5;
  private static final double SPREAD = 0.05;

  private Llama() {}

  /** Returns every parameter's shape, in the order of the state dict. */
  static Map<String, Shape> shapes() {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", Shape.of(VOCABULARY, HIDDEN));
    for (int layer = 0; layer < LAYERS; layer++) {
      String prefix = prefix(layer);
      shapes.put(prefix + "self_attn.q_proj.weight", Shape.of(HIDDEN, HIDDEN));
      shapes.put(prefix + "self_attn.k_proj.weight", Shape.of(KEY_HEADS * HEAD, HIDDEN));
      shapes.put(prefix + "self_attn.v_proj.weight", Shape.of(KEY_HEADS * HEAD, HIDDEN));
      shapes.put(prefix + "self_attn.o_proj.weight", Shape.of(HIDDEN, HIDDEN));
      shapes.put(prefix + "mlp.gate_proj.weight", Shape.of(INTERMEDIATE, HIDDEN));
      shapes.put(prefix + "mlp.up_proj.weight", Shape.of(INTERMEDIATE, HIDDEN));
      shapes.put(prefix + "mlp.down_proj.weight", Shape.of(HIDDEN, INTERMEDIATE));
      shapes.put(prefix + "input_layernorm.weight", Shape.of(HIDDEN));
      shapes.put(prefix + "post_attention_layernorm.weight", Shape.of(HIDDEN));
    }
    shapes.put("model.norm.weight", Shape.of(HIDDEN));
    return shapes;
  }

  private static String prefix(int layer) {
    return "model.layers." + layer + ".";
  }

  /** Returns a parameter as training begins with it. */
  static Tensor initial(String name, Shape shape) {
    return name.endsWith("norm.weight")
        ? torch.ones(shape.toArray())
        : torch.randn(shape.toArray()).mul_(new Scalar(SPREAD));
  }

  /** Returns the mean loss of predicting each next token; both tensors are [batch, length]. */
  static Tensor loss(Map<String, Tensor> weights, Tensor tokens, Tensor next) {
    Tensor logits = logits(weights, tokens).view(-1, VOCABULARY);
    return torch.cross_entropy_loss(logits, next.reshape(-1));
  }

  /** Returns the logits, [batch, length, vocabulary]. */
  static Tensor logits(Map<String, Tensor> weights, Tensor tokens) {
    Tensor embedding = weights.get("model.embed_tokens.weight");
    Tensor x = torch.embedding(embedding, tokens);
    Tensor angles = angles(tokens.size(1));
    for (int layer = 0; layer < LAYERS; layer++) {
      String prefix = prefix(layer);
      Tensor normed = norm(x, weights.get(prefix + "input_layernorm.weight"));
      x = x.add(attention(weights, prefix + "self_attn.", normed, angles));
      normed = norm(x, weights.get(prefix + "post_attention_layernorm.weight"));
      Tensor gate = torch.silu(torch.linear(normed, weights.get(prefix + "mlp.gate_proj.weight")));
      Tensor up = torch.linear(normed, weights.get(prefix + "mlp.up_proj.weight"));
      x = x.add(torch.linear(gate.mul(up), weights.get(prefix + "mlp.down_proj.weight")));
    }
    return torch.linear(norm(x, weights.get("model.norm.weight")), embedding);
  }

  private static Tensor norm(Tensor x, Tensor weight) {
    return torch.rms_norm(
        x, new long[] {HIDDEN}, new TensorOptional(weight), new DoubleOptional(EPSILON));
  }

  private static Tensor attention(
      Map<String, Tensor> weights, String prefix, Tensor x, Tensor angles) {
    Tensor q = rotate(heads(x, weights.get(prefix + "q_proj.weight"), HEADS), angles);
    Tensor k = rotate(heads(x, weights.get(prefix + "k_proj.weight"), KEY_HEADS), angles);
    Tensor v = heads(x, weights.get(prefix + "v_proj.weight"), KEY_HEADS);
    Tensor mixed =
        torch.scaled_dot_product_attention(
            q, shared(k), shared(v), new TensorOptional(), 0.0, true, new DoubleOptional(), false);
    Tensor joined = mixed.transpose(1, 2).reshape(x.size(0), x.size(1), HIDDEN);
    return torch.linear(joined, weights.get(prefix + "o_proj.weight"));
  }

  /** Returns [batch, heads, length, head]. */
  private static Tensor heads(Tensor x, Tensor weight, int count) {
    return torch.linear(x, weight).view(x.size(0), x.size(1), count, HEAD).transpose(1, 2);
  }

  /** Gives each key head to the queries that share it. */
  private static Tensor shared(Tensor x) {
    return torch.repeat_interleave(x, HEADS / KEY_HEADS, new LongOptional(1), new LongOptional());
  }

  /** Returns each position's angles, [length, head]: the half of them, twice. */
  private static Tensor angles(long length) {
    float[] angles = new float[Math.toIntExact(length) * HEAD];
    for (int at = 0; at < angles.length; at++) {
      int position = at / HEAD;
      int pair = at % HEAD % (HEAD / 2);
      angles[at] = (float) (position * Math.pow(THETA, -2.0 * pair / HEAD));
    }
    return Tensor.create(angles, length, HEAD);
  }

  private static Tensor rotate(Tensor x, Tensor angles) {
    Tensor first = x.narrow(-1, 0, HEAD / 2);
    Tensor second = x.narrow(-1, HEAD / 2, HEAD / 2);
    Tensor turned = torch.cat(new TensorVector(second.neg(), first), -1);
    return x.mul(angles.cos()).add(turned.mul(angles.sin()));
  }
}
