package dev.cairn.form;

import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import java.util.Collection;

/** Which floats a model has wide, and whether that is on purpose. */
public final class FloatWidths {
  private FloatWidths() {}

  /**
   * {@return whether most of a model's floats have 16 bits or fewer: then what has more, has it on
   * purpose}
   *
   * @param tensors of the model
   */
  public static boolean isMostlyNarrow(Collection<TensorInfo> tensors) {
    long wide = 0;
    long narrow = 0;
    for (TensorInfo tensor : tensors) {
      if (isWide(tensor)) {
        wide += tensor.shape().elements();
      } else if (tensor.dtype().isCastable()) {
        narrow += tensor.shape().elements();
      }
    }
    return wide < narrow;
  }

  /**
   * {@return whether a tensor's floats have more than 16 bits}
   *
   * @param tensor of a model
   */
  public static boolean isWide(TensorInfo tensor) {
    return tensor.dtype() == DType.F32 || tensor.dtype() == DType.F64;
  }
}
