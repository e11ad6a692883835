package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.checksum.Crc;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every implementation of the kernels gives. */
abstract class KernelsContract extends ProductContract {
  static List<Casts.Pair> casts() {
    return Casts.all();
  }

  @ParameterizedTest(name = "{0} {1} -> {2} {3}")
  @CsvFileSource(resources = "casts.csv")
  void castGivesTheBitsWorkedOutByHand(DType from, String sourceBits, DType to, String targetBits) {
    ByteBuffer source = Casts.direct(from.bits() / 8, 0);
    ByteBuffer target = Casts.direct(to.bits() / 8, 0);
    Casts.put(from, source, 0, Long.parseUnsignedLong(sourceBits, 16));
    kernels().cast(from, source, to, target, 1, 0);
    assertEquals(
        Long.toHexString(Long.parseLong(targetBits, 16)),
        Long.toHexString(Casts.get(to, target, 0)));
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void castOfEverySixteenBitNumberIsAsDefined(DType from) {
    int elements = 1 << 16;
    ByteBuffer source = Casts.direct(2 * elements, 0);
    for (int i = 0; i < elements; i++) {
      Casts.put(from, source, i, i);
    }
    for (DType to : List.of(DType.F32, DType.BF16, DType.F16)) {
      if (from != to) {
        assertCast(new Casts.Pair(from, to), source, elements, 0);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("casts")
  void castOfNumbersOfEveryKindIsAsDefined(Casts.Pair pair) {
    int elements = 50_000;
    assertCast(pair, Casts.numbers(pair.from(), elements, 0, 11), elements, 0);
  }

  @ParameterizedTest
  @MethodSource("casts")
  void castOfEverySizeAndAlignmentWritesItsElementsOnly(Casts.Pair pair) {
    int[] sizes = {0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 35, 67, 131, 1023, 1025, 4099, 8195};
    for (int elements : sizes) {
      for (int offsetBytes : new int[] {0, 1, 3, 62}) {
        ByteBuffer source = Casts.numbers(pair.from(), elements, offsetBytes, elements);
        assertCast(pair, source, elements, offsetBytes);
      }
    }
  }

  /** Casts, and checks every element, what lies around them, and the checksum. */
  private void assertCast(Casts.Pair pair, ByteBuffer source, int elements, int offsetBytes) {
    int lengthBytes = (int) pair.to().bytes(elements);
    ByteBuffer around = Casts.poisoned(lengthBytes + 64, offsetBytes);
    ByteBuffer target = around.duplicate().order(ByteOrder.BIG_ENDIAN).position(32);
    int seed = 0x12345678;
    int crc = kernels().cast(pair.from(), source, pair.to(), target, elements, seed);
    ByteBuffer written = around.slice(32, lengthBytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < elements; i++) {
      long bits = Casts.get(pair.from(), source, i);
      long expected = CastDefinition.cast(pair.from(), bits, pair.to());
      long actual = Casts.get(pair.to(), written, i);
      if (expected != actual) {
        assertEquals(
            Long.toHexString(expected),
            Long.toHexString(actual),
            pair + " of " + Long.toHexString(bits) + " at element " + i + " of " + elements);
      }
    }
    ByteBuffer untouched = Casts.poisoned(32, 0);
    assertEquals(untouched, around.slice(0, 32), "bytes in front");
    assertEquals(untouched, around.slice(32 + lengthBytes, 32), "bytes behind");
    assertEquals(Crc.CRC32C.combine(seed, Casts.crc32c(written), lengthBytes), crc);
    ByteBuffer again = Casts.poisoned(lengthBytes + 64, offsetBytes);
    kernels().cast(pair.from(), source, pair.to(), again.slice(32, lengthBytes), elements);
    assertEquals(around, again, "without a checksum");
    assertEquals(32, target.position());
    assertEquals(0, source.position());
  }

  @ParameterizedTest
  @EnumSource(names = {"I64", "C64", "F64", "F32", "BF16", "F8_E4M3", "BOOL", "F4"})
  void castToTheSameTypeCopiesBitsOfAnyType(DType dtype) {
    int elements = 100_002;
    int lengthBytes = (int) dtype.bytes(elements);
    ByteBuffer source = Casts.random(lengthBytes, 3, 5);
    ByteBuffer target = Casts.poisoned(lengthBytes + 1, 1);
    int crc = kernels().cast(dtype, source, dtype, target, elements, 0);
    assertEquals(source, target.slice(0, lengthBytes));
    assertEquals(Casts.POISON, target.get(lengthBytes));
    assertEquals(Casts.crc32c(source), crc);
    ByteBuffer again = Casts.poisoned(lengthBytes + 1, 1);
    kernels().cast(dtype, source, dtype, again, elements);
    assertEquals(target, again);
  }

  @Test
  void castToItselfInPlaceOnlyTakesTheChecksum() {
    ByteBuffer bytes = Casts.random(40_001, 1, 7);
    ByteBuffer before = Casts.random(40_001, 0, 7);
    int crc = kernels().cast(DType.U8, bytes, DType.U8, bytes, 40_001, 0);
    assertEquals(before, bytes);
    assertEquals(Casts.crc32c(before), crc);
  }

  @Test
  void castReadsAndWritesFromThePositions() {
    ByteBuffer source = Casts.direct(20, 0).putFloat(8, 1.5f).position(8);
    ByteBuffer target = Casts.poisoned(10, 0).position(4);
    kernels().cast(DType.F32, source.asReadOnlyBuffer(), DType.BF16, target, 1, 0);
    assertEquals((short) 0x3FC0, target.getShort(4));
    assertEquals(Casts.POISON, target.get(3));
    assertEquals(Casts.POISON, target.get(6));
  }

  // RFC 3720, B.4, and the usual check value; bytes in hexadecimal, repeated.
  @ParameterizedTest
  @CsvSource({
    "00, 32, 8A9136AA",
    "FF, 32, 62A8AB43",
    "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F, 1, 46DD794E",
    "1F1E1D1C1B1A191817161514131211100F0E0D0C0B0A09080706050403020100, 1, 113FDB5C",
    "01C00000000000000000000000000000140000000000040000000014"
        + "0000001828000000000000000200000000000000, 1, D9963A56",
    "313233343536373839, 1, E3069283",
    "'', 1, 00000000",
  })
  void checksumIsThatOfTheStandard(String hex, int times, String crc) {
    byte[] bytes = HexFormat.of().parseHex(hex.repeat(times));
    ByteBuffer source = Casts.direct(bytes.length, 0).put(bytes).flip();
    assertEquals(
        (int) Long.parseLong(crc, 16), kernels().crc32c(source, bytes.length, 0), "of " + hex);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8, 63, 255, 256, 257, 383, 384, 511, 512, 6143, 6144, 70_001})
  void checksumIsTheSameAtEveryAlignmentAndCut(int lengthBytes) {
    for (int offsetBytes : new int[] {0, 1, 7, 33}) {
      ByteBuffer source = Casts.random(lengthBytes, offsetBytes, 13);
      int whole = Casts.crc32c(source);
      assertEquals(whole, kernels().crc32c(source, lengthBytes, 0));
      int cut = lengthBytes / 3;
      int front = kernels().crc32c(source, cut, 0);
      assertEquals(whole, kernels().crc32c(source.position(cut), lengthBytes - cut, front));
    }
  }

  @Test
  void checksumTakenByteByByteIsThatOfTheWhole() {
    ByteBuffer text = Casts.direct(9, 5).put("123456789".getBytes(StandardCharsets.US_ASCII));
    int crc = 0;
    for (int i = 0; i < 9; i++) {
      crc = kernels().crc32c(text.position(i), 1, crc);
    }
    assertEquals(0xE3069283, crc);
  }

  @ParameterizedTest
  @CsvSource({"I32, F32", "F32, F64", "F32, I32", "F8_E4M3, BF16", "BF16, BOOL", "F16, F64"})
  void castThatDoesNotExistIsRefused(DType from, DType to) {
    assertRefused(
        "no such cast: from="
            + from
            + ", to="
            + to
            + ", expected F64, F32, BF16 or F16 to F32, BF16 or F16",
        () -> kernels().cast(from, Casts.direct(8, 0), to, Casts.direct(8, 0), 1, 0));
  }

  @Test
  void buffersThatAreTooSmallAreRefused() {
    ByteBuffer ten = Casts.direct(10, 0);
    assertRefused(
        "source buffer too small: remainingBytes=10, expected at least 12 (elements=3, dtype=F32)",
        () -> kernels().cast(DType.F32, ten, DType.BF16, Casts.direct(6, 0), 3, 0));
    assertRefused(
        "target buffer too small: remainingBytes=9, expected at least 10 (elements=5, dtype=F16)",
        () -> kernels().cast(DType.BF16, ten, DType.F16, Casts.direct(10, 0).position(1), 5, 0));
    assertRefused(
        "source buffer too small: remainingBytes=10, expected at least 11 (elements=11, dtype=U8)",
        () -> kernels().crc32c(ten, 11, 0));
    assertRefused("negative count: elements=-1, dtype=U8", () -> kernels().crc32c(ten, -1, 0));
    // 2^31 bytes and more must not wrap around.
    assertRefused(
        "source buffer too small: remainingBytes=10, expected at least 8589934588"
            + " (elements=2147483647, dtype=F32)",
        () -> kernels().cast(DType.F32, ten, DType.F32, ten, Integer.MAX_VALUE, 0));
  }

  @Test
  void readOnlyTargetIsRefused() {
    assertRefused(
        "target of a cast is read-only: to=BF16",
        () ->
            kernels()
                .cast(
                    DType.F32,
                    Casts.direct(4, 0),
                    DType.BF16,
                    Casts.direct(2, 0).asReadOnlyBuffer(),
                    1,
                    0));
  }

  static void assertRefused(String message, Runnable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call::run).getMessage());
  }
}
