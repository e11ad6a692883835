package dev.cairn.peft.stored;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;

/**
 * A tensor of a base model's or an adapter's files.
 *
 * @param name its name there
 * @param dtype element type
 * @param shape dimensions
 */
public record StoredWeight(String name, DType dtype, Shape shape) {}
