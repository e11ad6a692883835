package dev.cairn.peft.merge;

import dev.cairn.hf.ModelConfig;
import dev.cairn.peft.LoraConfig;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.Optional;
import java.util.Set;

/** Finds out which way round a weight is stored, and whether a layer's matrices fit it. */
final class Orientation {
  /** Those of transformers' models whose layers are Conv1D: stored input first. */
  private static final Set<String> CONV1D_MODELS =
      Set.of("gpt2", "openai-gpt", "imagegpt", "decision_transformer", "clvp");

  /** The one of these that has plain layers, too, and what the names of the others begin with. */
  private static final String MIXED_MODEL = "clvp";

  private static final String CONV1D_BEGIN = ".c_";

  private final boolean inputFirst;
  private final boolean isMixed;

  Orientation(LoraConfig config, Optional<ModelConfig> base) {
    // PEFT looks at the layer, whatever the config says; only unknown layers are believed to be so
    Optional<String> type =
        base.filter(known -> !known.hasCustomCode()).flatMap(ModelConfig::modelType);
    this.isMixed = type.equals(Optional.of(MIXED_MODEL));
    this.inputFirst = type.map(CONV1D_MODELS::contains).orElse(config.isFanInFanOut());
  }

  /** Returns the shape that the weight of a layer has. */
  Shape shape(AdapterTensors.Layer layer) {
    Shape a = layer.a().shape();
    long outputs = layer.b().shape().dimension(0);
    if (a.dimensions() > 2) { // a convolution
      long[] sizes = a.toArray();
      sizes[0] = outputs;
      return Shape.of(sizes);
    }
    return inputFirst || layer.isEmbedding()
        ? Shape.of(a.dimension(1), outputs)
        : Shape.of(outputs, a.dimension(1));
  }

  /**
   * Returns whether the weight is stored inputs x outputs.
   *
   * @throws IllegalArgumentException if the matrices fit it neither way, or it cannot be computed
   *     with
   */
  boolean isTransposed(String name, Shape weight, DType dtype, AdapterTensors.Layer layer) {
    Shape a = layer.a().shape();
    Shape b = layer.b().shape();
    long rank = a.dimension(0);
    long inputs = a.elements() / rank;
    long outputs = b.dimension(0);
    boolean isMatrices = b.elements() == outputs * rank && weight.dimensions() >= 2;
    boolean fits =
        isMatrices && weight.dimension(0) == outputs && weight.elements() == outputs * inputs;
    boolean fitsTransposed = isMatrices && weight.equals(Shape.of(inputs, outputs));
    boolean isConv1d = inputFirst && (!isMixed || name.contains(CONV1D_BEGIN));
    boolean isTransposed = layer.isEmbedding() || (isConv1d && fitsTransposed);
    boolean isCastable =
        dtype.isCastable() && layer.a().dtype().isCastable() && layer.b().dtype().isCastable();
    if (!isCastable || !(isTransposed ? fitsTransposed : fits)) {
      throw new IllegalArgumentException(
          "adapter does not fit the base model: tensor=%s is %s %s, A=%s, B=%s"
              .formatted(name, weight, dtype, a, b));
    }
    return isTransposed;
  }
}
