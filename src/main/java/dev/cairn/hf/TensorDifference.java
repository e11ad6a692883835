package dev.cairn.hf;

import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * One way in which two model folders differ.
 *
 * @param tensor the tensor's name
 * @param problem what differs, in words
 * @param differingBytes how many bytes differ, where shape and dtype are the same
 * @param largestAbsolute the largest difference of two elements, where they are floats; NaN if one
 *     of two is NaN and the other is not
 * @param largestUlp the same counted in representable numbers between the two
 */
public record TensorDifference(
    String tensor,
    String problem,
    long differingBytes,
    OptionalDouble largestAbsolute,
    OptionalLong largestUlp) {
  static TensorDifference of(String tensor, String problem) {
    return new TensorDifference(tensor, problem, 0, OptionalDouble.empty(), OptionalLong.empty());
  }
}
