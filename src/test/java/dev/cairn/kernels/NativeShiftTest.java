package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.checksum.Crc;
import dev.cairn.kernels.jni.CpuKernels;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.LongRange;

class NativeShiftTest {
  @Property
  @Tag("native")
  void isTheSameAsInJava(
      @ForAll int crc, @ForAll @LongRange(max = Long.MAX_VALUE) long lengthBytes) {
    assumeTrue(NativeLibrary.isLoaded(), NativeLibrary::reasonNotLoaded);
    assertEquals(
        Crc.CRC32C.shift(crc, lengthBytes), CpuKernels.cairn_crc32c_shift(crc, lengthBytes));
  }
}
