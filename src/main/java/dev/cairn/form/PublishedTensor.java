package dev.cairn.form;

import dev.cairn.tensor.Shape;
import java.util.List;

/**
 * A tensor as files have it.
 *
 * @param name in the file
 * @param shape in the file
 * @param runs of tensors in memory that are its elements, one after the other
 */
public record PublishedTensor(String name, Shape shape, List<Run> runs) {
  /**
   * Copies the list.
   *
   * @param name in the file
   * @param shape in the file
   * @param runs its elements
   */
  public PublishedTensor {
    runs = List.copyOf(runs);
  }

  /**
   * {@return the index of the tensor in memory that this is, all of it and nothing else; -1 if it
   * is not one}
   *
   * @param memory what the form was applied to
   */
  public int whole(List<MemoryTensor> memory) {
    if (runs.size() != 1) {
      return -1;
    }
    Run only = runs.get(0);
    Shape held = memory.get(only.source()).shape();
    return only.begin() == 0 && only.elements() == held.elements() && held.equals(shape)
        ? only.source()
        : -1;
  }
}
