package dev.cairn.deepspeed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.content.TensorContent;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.SourceReader;
import dev.cairn.torchfile.StoredTensor;
import dev.cairn.torchfile.Strides;
import dev.cairn.torchfile.TensorRef;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorContentTest {
  private static final int HEAD_BYTES = 12;

  @TempDir Path folder;
  private Path file;

  /** A file whose F32 element i, after a head, is i. */
  @BeforeEach
  void writeFile() throws IOException {
    file = folder.resolve("storage");
    ByteBuffer bytes = ByteBuffer.allocate(HEAD_BYTES + 4 * 60_000).order(ByteOrder.LITTLE_ENDIAN);
    bytes.position(HEAD_BYTES);
    for (int i = 0; i < 60_000; i++) {
      bytes.putFloat(i);
    }
    Files.write(file, bytes.array());
  }

  private CheckpointParameter parameter(Shape shape, Strides strides, long offset) {
    TensorRef tensor = new TensorRef("0", 60_000, DType.F32, offset, shape, strides);
    StoredTensor stored = new StoredTensor(tensor, file, HEAD_BYTES + 4 * offset);
    return new CheckpointParameter(
        "t", shape, ParameterKind.FROZEN, DType.F32, null, new TensorContent(stored), null);
  }

  private static float[] read(CheckpointParameter parameter, long begin, long end)
      throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate((int) (4 * (end - begin))).order(ByteOrder.LITTLE_ENDIAN);
    try (SourceReader reader = new SourceReader()) {
      List<Long> next = new ArrayList<>(List.of(begin));
      parameter.visitRanges(
          begin,
          end,
          range -> {
            assertEquals(next.get(0), range.beginElement());
            next.set(0, range.endElement());
            reader.read(range, bytes);
          });
      assertEquals(end, next.get(0));
    }
    float[] values = new float[(int) (end - begin)];
    bytes.flip().asFloatBuffer().get(values);
    return values;
  }

  @Test
  void contiguousTensorIsOneRange() throws IOException {
    CheckpointParameter parameter = parameter(Shape.of(2, 3), Strides.of(3, 1), 5);
    assertEquals(1, parameter.ranges().size());
    assertArrayEquals(new float[] {5, 6, 7, 8, 9, 10}, read(parameter, 0, 6));
    assertArrayEquals(new float[] {7, 8}, read(parameter, 2, 4));
  }

  @Test
  void dimensionsOfExtentOneMayHaveAnyStride() throws IOException {
    assertEquals(1, parameter(Shape.of(1, 3, 1), Strides.of(0, 1, 77), 0).ranges().size());
  }

  @Test
  void scalarIsOneElement() throws IOException {
    assertArrayEquals(new float[] {9}, read(parameter(Shape.of(), Strides.of(), 9), 0, 1));
  }

  @Test
  void emptyTensorHasNoRange() throws IOException {
    assertEquals(List.of(), parameter(Shape.of(0, 3), Strides.of(9, 9), 0).ranges());
  }

  @Test
  void transposedTensorIsReadRowMajor() throws IOException {
    CheckpointParameter parameter = parameter(Shape.of(3, 2), Strides.of(1, 3), 0);
    assertArrayEquals(new float[] {0, 3, 1, 4, 2, 5}, read(parameter, 0, 6));
    assertArrayEquals(new float[] {3, 1, 4, 2}, read(parameter, 1, 5));
  }

  @Test
  void expandedTensorRepeatsItsElement() throws IOException {
    CheckpointParameter parameter = parameter(Shape.of(2, 3), Strides.of(10, 0), 4);
    assertArrayEquals(new float[] {4, 4, 4, 14, 14, 14}, read(parameter, 0, 6));
  }

  @Test
  void rowsThatAreFurtherApartThanTheWindowAreRead() throws IOException {
    CheckpointParameter parameter = parameter(Shape.of(3), Strides.of(25_000), 1);
    assertArrayEquals(new float[] {1, 25_001, 50_001}, read(parameter, 0, 3));
  }

  @Test
  void longStridedRowIsReadWindowByWindow() throws IOException {
    CheckpointParameter parameter = parameter(Shape.of(30_000), Strides.of(2), 0);
    float[] values = read(parameter, 7, 29_999);
    for (int i = 0; i < values.length; i++) {
      assertEquals(2 * (i + 7), values[i]);
    }
  }

  @Test
  void sliceOfThreeDimensionsIsReadRowMajor() throws IOException {
    CheckpointParameter parameter = parameter(Shape.of(2, 2, 3), Strides.of(100, 10, 1), 0);
    assertArrayEquals(
        new float[] {0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112}, read(parameter, 0, 12));
  }
}
