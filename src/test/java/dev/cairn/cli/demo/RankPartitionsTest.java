package dev.cairn.cli.demo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.model.Parameter;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RankPartitionsTest {
  /** Bytes that count up; odd sizes, a scalar, an empty tensor, elements narrower than a byte. */
  private static final DemoModel COUNTING =
      new DemoModel() {
        @Override
        public List<TensorInfo> tensors() {
          return List.of(
              new TensorInfo("odd", DType.F32, Shape.of(7, 3)),
              new TensorInfo("scalar", DType.BF16, Shape.of()),
              new TensorInfo("empty", DType.F32, Shape.of(0, 5)),
              new TensorInfo("nibbles", DType.F4, Shape.of(2, 3)));
        }

        @Override
        public void read(int tensor, long byteOffset, ByteBuffer target) {
          while (target.hasRemaining()) {
            target.put((byte) (byteOffset++ + 1));
          }
        }

        @Override
        public void close() {}
      };

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 17, 25})
  void partitionsTogetherAreTheModelAndPaddingIsPoison(int worldSize) throws IOException {
    for (int tensor = 0; tensor < 3; tensor++) {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (int rank = 0; rank < worldSize; rank++) {
        all.writeBytes(partition(tensor, rank, worldSize));
      }
      int lengthBytes = (int) COUNTING.tensors().get(tensor).lengthBytes();
      byte[] expected = new byte[all.size()];
      Arrays.fill(expected, (byte) 0xA5);
      for (int i = 0; i < lengthBytes; i++) {
        expected[i] = (byte) (i + 1);
      }
      assertArrayEquals(expected, all.toByteArray());
    }
  }

  @Test
  void everyRankHoldsElementsNarrowerThanAByteWhole() throws IOException {
    for (int rank = 0; rank < 3; rank++) {
      assertArrayEquals(new byte[] {1, 2, 3}, partition(3, rank, 3));
    }
  }

  private static byte[] partition(int tensor, int rank, int worldSize) throws IOException {
    try (RankPartitions partitions = RankPartitions.fill(COUNTING, rank, worldSize)) {
      Parameter parameter = partitions.parameters().parameters().get(tensor);
      assertEquals(COUNTING.tensors().get(tensor).name(), parameter.name());
      ByteBuffer view = partitions.partition(tensor);
      byte[] bytes = new byte[view.remaining()];
      view.get(bytes);
      return bytes;
    }
  }
}
