package dev.cairn.peft.merge;

import dev.cairn.hf.ModelConfig;
import dev.cairn.peft.LoraConfig;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Finds out which way round a weight is stored, and whether a layer's matrices fit it. */
final class Orientation {
  /** Those of transformers' models whose layers are Conv1D: stored input first. */
  private static final Set<String> CONV1D_MODELS =
      Set.of("gpt2", "openai-gpt", "imagegpt", "decision_transformer", "clvp");

  /** The one of these that has plain layers, too. */
  private static final String MIXED_MODEL = "clvp";

  /** What the names of Conv1D layers have where there are plain layers, too. */
  private static final List<String> CONV1D_NAMES = List.of(".c_", ".q_attn");

  private final boolean inputFirst;
  private final boolean isMixed;

  Orientation(LoraConfig config, Optional<ModelConfig> base) {
    // PEFT looks at the layer, whatever the config says; only unknown layers are believed to be so
    Optional<String> type =
        base.filter(known -> !known.hasCustomCode()).flatMap(ModelConfig::modelType);
    boolean isWhole = type.filter(CONV1D_MODELS::contains).isPresent();
    boolean isPart =
        type.isPresent()
            && !isWhole
            && base.filter(known -> hasPart(known.tree().values(), CONV1D_MODELS)).isPresent();
    this.isMixed = isPart || type.equals(Optional.of(MIXED_MODEL));
    this.inputFirst = type.map(known -> isWhole || isPart).orElse(config.isFanInFanOut());
  }

  /** Returns whether there is a config of a model of some type among the values of another. */
  private static boolean hasPart(Collection<?> values, Set<String> types) {
    return values.stream()
        .filter(Map.class::isInstance)
        .map(value -> (Map<?, ?>) value)
        .anyMatch(
            part ->
                (part.get("model_type") instanceof String type && types.contains(type))
                    || hasPart(part.values(), types));
  }

  private boolean isConv1d(String name) {
    return inputFirst && (!isMixed || CONV1D_NAMES.stream().anyMatch(name::contains));
  }

  /**
   * Returns the shape that the weight of a layer has.
   *
   * @param module its name
   */
  Shape shape(String module, AdapterTensors.Layer layer) {
    Shape a = layer.a().shape();
    long outputs = layer.b().shape().dimension(0);
    if (a.dimensions() > 2) { // a convolution
      long[] sizes = a.toArray();
      sizes[0] = outputs;
      return Shape.of(sizes);
    }
    return isConv1d(module) || layer.isEmbedding()
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
    boolean isTransposed = layer.isEmbedding() || (isConv1d(name) && fitsTransposed);
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
