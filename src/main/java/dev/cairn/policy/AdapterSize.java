package dev.cairn.policy;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a LoRA adapter holds: for each targeted matrix [out, in] the factors A [r, in] and B [out,
 * r], together r·(in + out) parameters; embeddings likewise. Pure; any thread.
 *
 * @param rank r, 1 or more
 * @param targetModules what is targeted
 * @param modules how many modules that is
 * @param parameters how many parameters are trained: PEFT's {@code get_nb_trainable_parameters}
 * @param copiedParameters how many parameters of the base PEFT saves beside them: the embeddings,
 *     if they are targeted
 */
public record AdapterSize(
    long rank, List<String> targetModules, long modules, long parameters, long copiedParameters) {
  private static final String WEIGHT = ".weight";
  private static final Set<String> EMBEDDINGS = Set.of("embed_tokens", "lm_head");

  /**
   * Copies the list.
   *
   * @param rank r, 1 or more
   * @param targetModules may change afterwards
   * @param modules count of the matrices that the targets match
   * @param parameters elements of all factors A and B together
   * @param copiedParameters elements, 0 if the embeddings are not targeted
   */
  public AdapterSize {
    targetModules = List.copyOf(targetModules);
  }

  /**
   * {@return the size of an adapter}
   *
   * @param base the parameters of the base model
   * @param rank r, 1 or more
   * @param targetModules module names, or their ends from a dot on, as PEFT matches lists
   * @throws IllegalArgumentException if the rank is below 1, a target is no matrix or in no module,
   *     or the count does not fit a long
   */
  public static AdapterSize of(List<WeightShape> base, long rank, List<String> targetModules) {
    Amount.requirePositive("rank", rank);
    Set<String> missing = new HashSet<>(targetModules);
    long modules = 0;
    long widths = 0;
    long copied = 0;
    for (WeightShape weight : base) {
      String module = module(weight);
      if (targetModules.stream().noneMatch(target -> isTargeted(module, target))) {
        continue;
      }
      missing.removeIf(target -> isTargeted(module, target));
      Shape shape = requireMatrix(weight);
      modules++;
      widths = Math.addExact(widths, Math.addExact(shape.dimension(0), shape.dimension(1)));
      if (EMBEDDINGS.contains(module.substring(module.lastIndexOf('.') + 1))) {
        copied = Math.addExact(copied, shape.elements());
      }
    }
    requireFound(targetModules, missing, base);
    return new AdapterSize(rank, targetModules, modules, parameters(rank, widths), copied);
  }

  /** Returns the module that a parameter is the weight of; empty for biases and the like. */
  private static String module(WeightShape weight) {
    String name = weight.name();
    return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : "";
  }

  private static boolean isTargeted(String module, String target) {
    return module.equals(target) || module.endsWith("." + target);
  }

  private static Shape requireMatrix(WeightShape weight) {
    if (weight.shape().dimensions() != 2) {
      throw new IllegalArgumentException(
          "target module has no matrix: tensor=%s, shape=%s, expected two dimensions"
              .formatted(weight.name(), weight.shape()));
    }
    return weight.shape();
  }

  private static void requireFound(
      List<String> targets, Set<String> missing, List<WeightShape> base) {
    for (String target : targets) {
      if (missing.contains(target)) {
        throw new IllegalArgumentException(
            "target module not in the model: target=%s, expected the end of a name such as %s"
                .formatted(target, example(base)));
      }
    }
  }

  private static String example(List<WeightShape> base) {
    return base.stream()
        .filter(weight -> weight.shape().dimensions() == 2 && weight.name().contains("0"))
        .map(AdapterSize::module)
        .filter(module -> !module.isEmpty())
        .findFirst()
        .orElse("model.layers.0.self_attn.q_proj");
  }

  private static long parameters(long rank, long widths) {
    try {
      return Math.multiplyExact(rank, widths);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "adapter too large: rank=" + rank + ", expected fewer than 2^63 parameters", e);
    }
  }

  /**
   * {@return the bytes of all tensors that the adapter's file holds}
   *
   * @param dtype what they are held in: PEFT trains adapters of 16-bit models in F32
   * @throws IllegalArgumentException if the count does not fit a long
   */
  public long bytes(DType dtype) {
    try {
      return dtype.bytes(Math.addExact(parameters, copiedParameters));
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "adapter too large: parameters=" + parameters + ", expected fewer than 2^63 bytes", e);
    }
  }
}
