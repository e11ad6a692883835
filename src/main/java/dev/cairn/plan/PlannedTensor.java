package dev.cairn.plan;

import dev.cairn.layout.Layout;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;

/**
 * A tensor to be saved: what the file will say of it, and how the ranks hold it.
 *
 * @param info name, saved dtype and shape
 * @param held the dtype in the ranks' memory
 * @param layout which elements each rank holds
 */
public record PlannedTensor(TensorInfo info, DType held, Layout layout) {
  /** {@return a line that is equal exactly when two ranks mean the same tensor} */
  public String describe() {
    return info.name()
        + " "
        + info.shape()
        + " "
        + held
        + (held == info.dtype() ? "" : "->" + info.dtype())
        + " "
        + layout.describe();
  }

  /**
   * By hand, as all that a plan is compared by: a record's own takes a second save 5 ms to link.
   */
  @Override
  public boolean equals(Object other) {
    return other instanceof PlannedTensor that
        && held == that.held
        && info.equals(that.info)
        && layout.equals(that.layout);
  }

  @Override
  public int hashCode() {
    return info.hashCode() * 31 + layout.hashCode();
  }
}
