package dev.cairn.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import org.junit.jupiter.api.Test;

class TensorInfoTest {
  @Test
  void lengthFollowsFromDTypeAndShape() {
    assertEquals(12, new TensorInfo("w", DType.BF16, Shape.of(2, 3)).lengthBytes());
    assertEquals(2, new TensorInfo("w", DType.F4, Shape.of(4)).lengthBytes());
    assertEquals(0, new TensorInfo("w", DType.F32, Shape.of(0, 5)).lengthBytes());
  }

  @Test
  void emptyNameIsRefused() {
    assertRefused("", DType.F32, Shape.of(2), "empty tensor name: dtype=F32, shape=[2]");
  }

  @Test
  void metadataKeyIsRefused() {
    assertRefused(
        "__metadata__",
        DType.F32,
        Shape.of(),
        "reserved tensor name: tensor=__metadata__, expected another name");
  }

  @Test
  void loneSurrogateIsRefused() {
    assertRefused(
        "w\udc00",
        DType.F32,
        Shape.of(),
        "tensor name is not well-formed Unicode: tensor=w\\udc00");
  }

  @Test
  void lengthThatDoesNotFitIsRefused() {
    assertRefused(
        "w",
        DType.F64,
        Shape.of(1L << 60),
        "tensor too large: tensor=w, shape=[1152921504606846976], dtype=F64");
  }

  @Test
  void elementsThatEndInsideAByteAreRefused() {
    assertRefused(
        "w",
        DType.F6_E3M2,
        Shape.of(3),
        "elements do not end on a byte: elements=3, dtype=F6_E3M2, tensor=w");
  }

  private static void assertRefused(String name, DType dtype, Shape shape, String expected) {
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> new TensorInfo(name, dtype, shape));
    assertEquals(expected, e.getMessage());
  }
}
