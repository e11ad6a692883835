package dev.cairn.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderDiffTest {
  @TempDir Path folder;

  private Path file(String name, String tensor, DType dtype, Shape shape, long... elements)
      throws IOException {
    Header header =
        Header.of(Header.PYTORCH_METADATA, List.of(new TensorInfo(tensor, dtype, shape)));
    ByteBuffer bytes =
        ByteBuffer.allocate((int) header.fileLengthBytes()).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(header.encode());
    for (long element : elements) {
      for (int shift = 0; shift < dtype.bits(); shift += 8) {
        bytes.put((byte) (element >> shift));
      }
    }
    return Files.write(folder.resolve(name), bytes.array());
  }

  private TensorDifference only(Path first, Path second) throws IOException {
    List<TensorDifference> differences = FolderDiff.of(first, second);
    assertEquals(1, differences.size(), differences::toString);
    return differences.get(0);
  }

  @Test
  void equalFilesHaveNoDifference() throws IOException {
    Path a = file("a", "w", DType.BF16, Shape.of(2), 0x3F80, 0x7FC0);
    Path b = file("b", "w", DType.BF16, Shape.of(2), 0x3F80, 0x7FC0);
    assertEquals(List.of(), FolderDiff.of(a, b));
  }

  @Test
  void largestDifferenceIsGivenInNumbersAndUlps() throws IOException {
    // bf16 1.0 and its second neighbour above; -0.0 against the smallest number is one step
    Path a = file("a", "w", DType.BF16, Shape.of(2), 0x3F80, 0x8000);
    Path b = file("b", "w", DType.BF16, Shape.of(2), 0x3F82, 0x0001);
    TensorDifference difference = only(a, b);
    assertEquals("values differ", difference.problem());
    assertEquals(3, difference.differingBytes());
    assertEquals(OptionalDouble.of(0.015625), difference.largestAbsolute());
    assertEquals(OptionalLong.of(2), difference.largestUlp());
  }

  @Test
  void halvesAreReadExactly() throws IOException {
    Path a = file("a", "w", DType.F16, Shape.of(3), 0x3C00, 0x0001, 0x7BFF);
    Path b = file("b", "w", DType.F32, Shape.of(3), 0x3F800000L, 0x33800000L, 0x477FE000L);
    TensorDifference difference = only(a, b);
    assertEquals("dtype F16, F32", difference.problem());
    assertEquals(OptionalDouble.of(0), difference.largestAbsolute());
    assertEquals(OptionalLong.empty(), difference.largestUlp());
  }

  @Test
  void oneNanAgainstANumberIsNan() throws IOException {
    Path a = file("a", "w", DType.F32, Shape.of(1), 0x7FC00000L);
    Path b = file("b", "w", DType.F32, Shape.of(1), 0);
    assertTrue(Double.isNaN(only(a, b).largestAbsolute().orElseThrow()));
  }

  @Test
  void integersDifferInBytesOnly() throws IOException {
    Path a = file("a", "w", DType.I64, Shape.of(1), 1);
    Path b = file("b", "w", DType.I64, Shape.of(1), 2);
    TensorDifference difference = only(a, b);
    assertEquals(1, difference.differingBytes());
    assertEquals(OptionalDouble.empty(), difference.largestAbsolute());
  }

  @Test
  void namesAndShapesAreCompared() throws IOException {
    Path a = file("a", "w", DType.F32, Shape.of(2), 1, 2);
    Path b = file("b", "w", DType.F32, Shape.of(2, 1), 1, 2);
    Path c = file("c", "v", DType.F32, Shape.of(2), 1, 2);
    assertEquals("shape [2], [2,1]", only(a, b).problem());
    assertEquals(
        List.of("w only in the first", "v only in the second"),
        FolderDiff.of(a, c).stream().map(d -> d.tensor() + " " + d.problem()).toList());
  }
}
