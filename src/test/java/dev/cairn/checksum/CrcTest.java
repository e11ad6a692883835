package dev.cairn.checksum;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class CrcTest {
  private static int crc32c(byte[]... parts) {
    return checksum(new CRC32C(), parts);
  }

  private static int crc32(byte[]... parts) {
    return checksum(new CRC32(), parts);
  }

  private static int checksum(Checksum checksum, byte[]... parts) {
    for (byte[] part : parts) {
      checksum.update(part);
    }
    return (int) checksum.getValue();
  }

  @Property
  void ofBytesIsWhatTheLibrarySays(@ForAll byte[] bytes) {
    assertEquals(crc32(bytes), Crc.CRC32.of(bytes));
    assertEquals(crc32c(bytes), Crc.CRC32C.of(bytes));
  }

  @Property
  void combinedIsTheChecksumOfBothInOrder(@ForAll byte[] a, @ForAll byte[] b) {
    assertEquals(crc32(a, b), Crc.CRC32.combine(crc32(a), crc32(b), b.length));
    assertEquals(crc32c(a, b), Crc.CRC32C.combine(crc32c(a), crc32c(b), b.length));
  }

  @Property
  void combiningThreeGivesTheSameFromEitherEnd(
      @ForAll int a,
      @ForAll int b,
      @ForAll int c,
      @ForAll @LongRange(max = Long.MAX_VALUE / 2) long lengthB,
      @ForAll @LongRange(max = Long.MAX_VALUE / 2) long lengthC) {
    assertEquals(
        Crc.CRC32C.combine(Crc.CRC32C.combine(a, b, lengthB), c, lengthC),
        Crc.CRC32C.combine(a, Crc.CRC32C.combine(b, c, lengthC), lengthB + lengthC));
  }

  @Property
  void shiftIsLinear(
      @ForAll int a, @ForAll int b, @ForAll @LongRange(max = Long.MAX_VALUE) long length) {
    assertEquals(
        Crc.CRC32C.shift(a ^ b, length), Crc.CRC32C.shift(a, length) ^ Crc.CRC32C.shift(b, length));
  }

  @Test
  void shiftByNothingChangesNothing() {
    assertEquals(0xDEADBEEF, Crc.CRC32C.shift(0xDEADBEEF, 0));
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
    int combined =
        Crc.CRC32C.combine(crc32c(new byte[] {1, 2, 3}), (int) back.getValue(), 2100L << 20);
    assertEquals((int) all.getValue(), combined);
  }

  @Test
  void negativeLengthIsRefused() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Crc.CRC32C.shift(1, -1)).getMessage();
    assertEquals("cannot shift a checksum: lengthBytes=-1, expected 0 or more", message);
  }
}
