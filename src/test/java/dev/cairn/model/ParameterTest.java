package dev.cairn.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParameterTest {
  /** Their lengths in bits, and bytes, do not fit a long: 2^59 F32 would be as long as none. */
  @ParameterizedTest
  @ValueSource(longs = {1L << 59, 1L << 61, Long.MAX_VALUE})
  void partitionOfATensorThatIsTooLargeDoesNotFit(long elements) {
    Parameter parameter =
        Parameter.zero3("weight", Shape.of(elements), DType.F32, Partition.empty());
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> parameter.checkPartition(0, 1));
    assertEquals(
        "tensor too large: tensor=weight, shape=[%d], dtype=F32".formatted(elements),
        e.getMessage());
  }
}
