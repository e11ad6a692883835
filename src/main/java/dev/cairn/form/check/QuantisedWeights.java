package dev.cairn.form.check;

import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** Finds integers, packed tensors and 8-bit floats that stand for floating weights. */
public final class QuantisedWeights {
  /** What quanto, MXFP4 and AQLM call their packed weights. */
  private static final List<String> PACKED =
      List.of("._data", "._scale", "_blocks", "_scales", ".codes", ".codebooks");

  private QuantisedWeights() {}

  /**
   * {@return whether a tensor belongs to quantised weights}
   *
   * @param tensor of any model
   */
  public static boolean include(TensorInfo tensor) {
    return isQuantised(tensor) || NameProblem.QUANTISED.isIn(tensor.name());
  }

  /**
   * {@return the weights that are stored as integers, packed, or as 8-bit floats, of a model that
   * is not published so}
   *
   * @param tensors what is to be saved
   * @param expected what the model has; may be empty
   */
  public static List<TensorInfo> among(
      Collection<TensorInfo> tensors, Map<String, TensorInfo> expected) {
    return tensors.stream()
        .filter(tensor -> isQuantised(tensor) && !isSame(tensor, expected.get(tensor.name())))
        .toList();
  }

  private static boolean isQuantised(TensorInfo tensor) {
    DType dtype = tensor.dtype();
    if (dtype.isCastable()) {
      return false; // most of them, at no cost
    }
    boolean isWeight = tensor.name().endsWith("weight") || tensor.name().endsWith("_proj");
    boolean isNarrow = dtype.bits() <= 8 && dtype != DType.BOOL;
    boolean isInteger = dtype == DType.I32 || dtype == DType.U32 || dtype == DType.I16;
    boolean isPacked =
        (isNarrow || dtype == DType.I16)
            && PACKED.stream().anyMatch(end -> tensor.name().endsWith(end));
    return isPacked
        || (isWeight && (isNarrow || isInteger))
        || NameProblem.QUANTISED.isIn(tensor.name());
  }

  private static boolean isSame(TensorInfo tensor, TensorInfo other) {
    return other != null && other.dtype() == tensor.dtype() && other.shape().equals(tensor.shape());
  }
}
