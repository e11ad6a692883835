package dev.cairn.form;

import dev.cairn.tensor.Shape;
import java.util.Objects;

/**
 * A tensor as the trainer has it.
 *
 * @param name as a state dict has it
 * @param shape of the whole tensor
 */
public record MemoryTensor(String name, Shape shape) {
  /**
   * Refuses nulls.
   *
   * @param name not null
   * @param shape not null
   */
  public MemoryTensor {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(shape, "shape");
  }
}
