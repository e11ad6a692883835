package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IsaTest {
  @ParameterizedTest
  @CsvSource({
    "AVX512, , AVX512",
    "AVX512, '', AVX512",
    "AVX512, avx512, AVX512",
    "AVX512, avx2, AVX2",
    "AVX512, baseline, BASELINE",
    "AVX2, avx512, AVX2",
    "BASELINE, avx2, BASELINE",
  })
  void chosenIsTheLesserOfSupportedAndCap(Isa supported, String cap, Isa chosen) {
    assertEquals(chosen, Isa.choose(supported, cap));
  }

  @Test
  void unknownCapIsRefused() {
    assertEquals(
        "unknown instruction set: CAIRN_MAX_ISA=avx3, expected baseline, avx2 or avx512",
        assertThrows(IllegalArgumentException.class, () -> Isa.choose(Isa.AVX2, "avx3"))
            .getMessage());
  }
}
