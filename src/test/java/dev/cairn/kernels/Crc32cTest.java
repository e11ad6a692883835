package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.kernels.jni.CpuKernels;
import java.util.zip.CRC32C;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class Crc32cTest {
  private static int crc32c(byte[]... parts) {
    CRC32C checksum = new CRC32C();
    for (byte[] part : parts) {
      checksum.update(part);
    }
    return (int) checksum.getValue();
  }

  @Property
  void combinedIsTheChecksumOfBothInOrder(@ForAll byte[] a, @ForAll byte[] b) {
    assertEquals(crc32c(a, b), Crc32c.combine(crc32c(a), crc32c(b), b.length));
  }

  @Property
  void combiningThreeGivesTheSameFromEitherEnd(
      @ForAll int a,
      @ForAll int b,
      @ForAll int c,
      @ForAll @LongRange(max = Long.MAX_VALUE / 2) long lengthB,
      @ForAll @LongRange(max = Long.MAX_VALUE / 2) long lengthC) {
    assertEquals(
        Crc32c.combine(Crc32c.combine(a, b, lengthB), c, lengthC),
        Crc32c.combine(a, Crc32c.combine(b, c, lengthC), lengthB + lengthC));
  }

  @Property
  void shiftIsLinear(
      @ForAll int a, @ForAll int b, @ForAll @LongRange(max = Long.MAX_VALUE) long length) {
    assertEquals(Crc32c.shift(a ^ b, length), Crc32c.shift(a, length) ^ Crc32c.shift(b, length));
  }

  @Test
  void shiftByNothingChangesNothing() {
    assertEquals(0xDEADBEEF, Crc32c.shift(0xDEADBEEF, 0));
  }

  @Test
  void combinedIsRightBeyondTwoGigabytes() {
    byte[] zeros = new byte[1 << 20];
    CRC32C all = new CRC32C();
    all.update(new byte[] {1, 2, 3});
    CRC32C back = new CRC32C();
    for (int i = 0; i < 2100; i++) {
      all.update(zeros);
      back.update(zeros);
    }
    int combined = Crc32c.combine(crc32c(new byte[] {1, 2, 3}), (int) back.getValue(), 2100L << 20);
    assertEquals((int) all.getValue(), combined);
  }

  @Property
  @Tag("native")
  void nativeShiftIsTheSame(
      @ForAll int crc, @ForAll @LongRange(max = Long.MAX_VALUE) long lengthBytes) {
    assumeTrue(NativeLibrary.isLoaded(), NativeLibrary::reasonNotLoaded);
    assertEquals(Crc32c.shift(crc, lengthBytes), CpuKernels.cairn_crc32c_shift(crc, lengthBytes));
  }

  @Test
  void negativeLengthIsRefused() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Crc32c.shift(1, -1)).getMessage();
    assertEquals("cannot shift a checksum: lengthBytes=-1, expected 0 or more", message);
  }
}
