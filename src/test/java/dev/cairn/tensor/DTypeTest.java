package dev.cairn.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class DTypeTest {
  @Test
  void constantsStandInTheReferenceOrder() {
    assertEquals(
        "U64 I64 F64 C64 F32 U32 I32 BF16 F16 U16 I16 F8_E5M2FNUZ F8_E4M3FNUZ F8_E8M0 F8_E4M3"
            + " F8_E5M2 I8 U8 F6_E3M2 F6_E2M3 F4 BOOL",
        Arrays.stream(DType.values()).map(DType::name).collect(Collectors.joining(" ")));
  }

  @Test
  void bytesOfWholeByteTypes() {
    assertEquals(24, DType.F64.bytes(3));
    assertEquals(6, DType.BF16.bytes(3));
    assertEquals(3, DType.BOOL.bytes(3));
    assertEquals(0, DType.C64.bytes(0));
  }

  @Test
  void bytesOfPackedTypes() {
    assertEquals(2, DType.F4.bytes(4));
    assertEquals(3, DType.F6_E2M3.bytes(4));
  }

  @Test
  void packedElementsThatEndInsideAByteAreRefused() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> DType.F4.bytes(3));
    assertEquals("elements do not end on a byte: elements=3, dtype=F4", e.getMessage());
  }

  @Test
  void negativeCountIsRefused() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> DType.F32.bytes(-1));
    assertEquals("negative count: elements=-1, dtype=F32", e.getMessage());
  }

  @Test
  void overflowIsRefused() {
    assertThrows(ArithmeticException.class, () -> DType.F64.bytes(Long.MAX_VALUE));
    assertThrows(ArithmeticException.class, () -> DType.F4.bytes(Long.MAX_VALUE));
  }

  @Test
  void onlyFloatsOf16BitsAndMoreAreCast() {
    Set<DType> castable = EnumSet.noneOf(DType.class);
    Arrays.stream(DType.values()).filter(DType::isCastable).forEach(castable::add);
    assertEquals(EnumSet.of(DType.F64, DType.F32, DType.BF16, DType.F16), castable);
  }
}
