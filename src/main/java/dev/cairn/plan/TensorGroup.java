package dev.cairn.plan;

import java.util.List;

/**
 * Tensors that share files: the model's, or the trainer's state. Names are unique within a group.
 *
 * @param tensors in the caller's order, which is the order of shards
 * @param naming what the group's files are called and how large they get
 */
public record TensorGroup(List<PlannedTensor> tensors, FileNaming naming) {
  /**
   * Copies the list.
   *
   * @param tensors in the caller's order; may change afterwards
   * @param naming what their files are called
   */
  public TensorGroup {
    tensors = List.copyOf(tensors);
  }

  /**
   * By hand, as all that a plan is compared by: a record's own takes a second save 5 ms to link.
   */
  @Override
  public boolean equals(Object other) {
    return other instanceof TensorGroup that
        && naming.equals(that.naming)
        && tensors.equals(that.tensors);
  }

  @Override
  public int hashCode() {
    return tensors.hashCode() * 31 + naming.hashCode();
  }
}
