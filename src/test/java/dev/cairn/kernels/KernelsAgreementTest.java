package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;

/** That every instruction set gives what Java gives, whatever the bytes. */
@Tag("stress")
@Tag("native")
class KernelsAgreementTest {
  private static List<Kernels> natives() {
    List<Kernels> kernels = new ArrayList<>();
    for (Isa isa : Isa.values()) {
      if (NativeLibrary.isLoaded() && isa.compareTo(NativeLibrary.supported()) <= 0) {
        kernels.add(NativeKernels.of(isa));
      }
    }
    return kernels;
  }

  @Provide
  Arbitrary<Casts.Pair> casts() {
    return Arbitraries.of(Casts.all());
  }

  @Property
  void castsAgree(
      @ForAll("casts") Casts.Pair pair,
      @ForAll @IntRange(max = 3000) int elements,
      @ForAll @IntRange(max = 63) int sourceOffset,
      @ForAll @IntRange(max = 63) int targetOffset,
      @ForAll int crc,
      @ForAll long seed) {
    int targetBytes = (int) pair.to().bytes(elements);
    ByteBuffer source = Casts.numbers(pair.from(), elements, sourceOffset, seed);
    ByteBuffer expected = Casts.direct(targetBytes, 0);
    int expectedCrc =
        new JavaKernels().cast(pair.from(), source, pair.to(), expected, elements, crc);
    for (Kernels kernels : natives()) {
      ByteBuffer actual = Casts.direct(targetBytes, targetOffset);
      assertEquals(
          expectedCrc,
          kernels.cast(pair.from(), source, pair.to(), actual, elements, crc),
          kernels.name());
      assertEquals(expected, actual, kernels.name());
    }
  }

  @Property
  void checksumsAgree(
      @ForAll @IntRange(max = 20_000) int lengthBytes,
      @ForAll @IntRange(max = 63) int offsetBytes,
      @ForAll int crc,
      @ForAll long seed) {
    ByteBuffer source = Casts.random(lengthBytes, offsetBytes, seed);
    int expected = new JavaKernels().crc32c(source, lengthBytes, crc);
    for (Kernels kernels : natives()) {
      assertEquals(expected, kernels.crc32c(source, lengthBytes, crc), kernels.name());
    }
  }
}
