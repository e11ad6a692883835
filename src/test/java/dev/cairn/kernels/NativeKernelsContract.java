package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the native kernels give for one instruction set; skipped where the machine lacks it. */
@Tag("native")
abstract class NativeKernelsContract extends KernelsContract {
  private final Isa isa;

  NativeKernelsContract(Isa isa) {
    this.isa = isa;
  }

  @BeforeEach
  void machineHasTheInstructionSet() {
    assumeTrue(NativeLibrary.isLoaded(), NativeLibrary::reasonNotLoaded);
    assumeTrue(
        isa.compareTo(NativeLibrary.supported()) <= 0,
        () -> "this machine has no " + isa.label() + ", only " + NativeLibrary.supported());
  }

  @Override
  Kernels kernels() {
    return NativeKernels.of(isa);
  }

  @Test
  void nameIsTheInstructionSet() {
    assertEquals(isa.label(), kernels().name());
  }

  @Test
  void heapBuffersAreRefused() {
    ByteBuffer heap = ByteBuffer.allocate(8);
    ByteBuffer direct = Casts.direct(8, 0);
    assertRefused(
        "source buffer of a native kernel is on the heap, expected a direct one",
        () -> kernels().cast(DType.F32, heap, DType.BF16, direct, 1, 0));
    assertRefused(
        "target buffer of a native kernel is on the heap, expected a direct one",
        () -> kernels().cast(DType.F32, direct, DType.BF16, heap, 1, 0));
    assertRefused(
        "source buffer of a native kernel is on the heap, expected a direct one",
        () -> kernels().crc32c(heap, 1, 0));
  }
}
