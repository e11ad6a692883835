package dev.cairn.save;

import dev.cairn.safetensors.TensorInfo;

/**
 * A tensor that is taken from the base model.
 *
 * @param info under the name that it is published by
 * @param baseName in the base model's files
 */
public record BorrowedTensor(TensorInfo info, String baseName) {}
