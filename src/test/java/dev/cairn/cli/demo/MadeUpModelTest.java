package dev.cairn.cli.demo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class MadeUpModelTest {
  private static final LlamaShape SHAPE = new LlamaShape(64, 176, 1, 2048);
  private static final int ELEMENTS = 64 * 2048;

  @Property(tries = 50)
  void anyRangeEqualsThatRangeOfTheWhole(
      @ForAll @IntRange(max = ELEMENTS) int begin, @ForAll @IntRange(max = 10_000) int length) {
    int end = Math.min(ELEMENTS, begin + length);
    byte[] whole = read(DType.F32, 0, 0, 4 * ELEMENTS);
    byte[] part = read(DType.F32, 0, 4L * begin, 4 * (end - begin));
    assertArrayEquals(Arrays.copyOfRange(whole, 4 * begin, 4 * end), part);
  }

  @Test
  void narrowModelHoldsTheUpperHalvesOfTheWideOne() {
    byte[] wide = read(DType.F32, 1, 0, 4 * 64);
    byte[] narrow = read(DType.BF16, 1, 0, 2 * 64);
    for (int i = 0; i < 64; i++) {
      assertEquals(wide[4 * i + 2], narrow[2 * i]);
      assertEquals(wide[4 * i + 3], narrow[2 * i + 1]);
    }
  }

  @Test
  void valuesAreSmallAndOfBothSigns() {
    FloatBuffer values =
        ByteBuffer.wrap(read(DType.F32, 0, 0, 4 * 1000))
            .order(ByteOrder.LITTLE_ENDIAN)
            .asFloatBuffer();
    int negative = 0;
    for (int i = 0; i < 1000; i++) {
      float size = Math.abs(values.get(i));
      assertTrue(size >= 1f / 128 && size < 1f / 8, () -> "size=" + size);
      negative += values.get(i) < 0 ? 1 : 0;
    }
    assertTrue(negative > 400 && negative < 600, "negative=" + negative);
  }

  @Test
  void tensorsOfOneShapeDiffer() {
    assertNotEquals(
        Arrays.hashCode(read(DType.F32, 1, 0, 4096)), Arrays.hashCode(read(DType.F32, 2, 0, 4096)));
  }

  @Test
  void elementsPastTheFirstFourBillionDiffer() {
    assertNotEquals(
        Arrays.hashCode(read(DType.F32, 0, 0, 4096)),
        Arrays.hashCode(read(DType.F32, 0, 4L << 32, 4096)));
  }

  private static byte[] read(DType held, int tensor, long byteOffset, int lengthBytes) {
    ByteBuffer target = ByteBuffer.allocateDirect(lengthBytes);
    new MadeUpModel(SHAPE, held).read(tensor, byteOffset, target);
    byte[] bytes = new byte[lengthBytes];
    target.get(0, bytes);
    return bytes;
  }
}
