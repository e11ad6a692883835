package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IsaTest {
  private static final List<String> AVX2 =
      List.of("avx", "avx2", "f16c", "fma", "sse4_2", "pclmulqdq");
  private static final List<String> AVX512 = List.of("avx512f", "avx512bw", "avx512dq", "avx512vl");

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

  /** What the kernels take the machine for, held against what Linux says of it. */
  @Test
  @Tag("native")
  void supportedIsTheBestOfTheFlagsInCpuinfo() throws IOException {
    assumeTrue(NativeLibrary.isLoaded(), NativeLibrary::reasonNotLoaded);
    assumeTrue(System.getProperty("os.arch").equals("amd64"), "flags of x86-64");
    Set<String> flags = flags();
    Isa expected = Isa.BASELINE;
    if (flags.containsAll(AVX2)) {
      expected = flags.containsAll(AVX512) ? Isa.AVX512 : Isa.AVX2;
    }
    assertEquals(expected, NativeLibrary.supported());
  }

  private static Set<String> flags() throws IOException {
    return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
        .filter(line -> line.startsWith("flags"))
        .findFirst()
        .map(line -> Set.of(line.substring(line.indexOf(':') + 2).split(" ")))
        .orElseThrow();
  }
}
