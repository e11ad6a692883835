package dev.cairn.peft.stored;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EightBitFloatsTest {
  @ParameterizedTest
  @CsvSource({
    "F8_E4M3, 0x00, 0",
    "F8_E4M3, 0x80, -0.0",
    "F8_E4M3, 0x01, 0.001953125",
    "F8_E4M3, 0x07, 0.013671875",
    "F8_E4M3, 0x08, 0.015625",
    "F8_E4M3, 0x38, 1",
    "F8_E4M3, 0x7E, 448",
    "F8_E4M3, 0xFE, -448",
    "F8_E4M3, 0x7F, NaN",
    "F8_E4M3, 0xFF, NaN",
    "F8_E5M2, 0x01, 0.0000152587890625",
    "F8_E5M2, 0x3C, 1",
    "F8_E5M2, 0xC1, -2.5",
    "F8_E5M2, 0x7B, 57344",
    "F8_E5M2, 0xFC, -Infinity",
    "F8_E5M2, 0x7D, NaN",
    "F8_E8M0, 127, 1",
    "F8_E8M0, 0, 5.877471754111438e-39",
    "F8_E8M0, 255, NaN",
    "U8, 130, 8",
  })
  void bitsStandForWhatTorchSays(DType dtype, String bits, float value) {
    assertEquals(value, EightBitFloats.of(dtype)[Integer.decode(bits)]);
  }

  @Test
  void otherTypesHaveNoTable() {
    assertThrows(IllegalArgumentException.class, () -> EightBitFloats.of(DType.F8_E4M3FNUZ));
  }
}
