package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("stress")
class JavaKernelsTest extends KernelsContract {
  @Override
  Kernels kernels() {
    return new JavaKernels();
  }

  @Test
  void heapBuffersAreTaken() {
    ByteBuffer target = ByteBuffer.allocate(2);
    int crc =
        kernels()
            .cast(
                DType.F32,
                ByteBuffer.wrap(new byte[] {0, 0, (byte) 0x80, 0x3F}),
                DType.BF16,
                target,
                1,
                0);
    assertEquals(ByteBuffer.wrap(new byte[] {(byte) 0x80, 0x3F}), target);
    assertEquals(Casts.crc32c(target), crc);
  }
}
