package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.kernels.jni.CudaKernels;
import java.io.InputStream;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What GPUs the packaged library has code for. Needs a build with -gpu. */
@Tag("native")
@Tag("cuda-compiler")
class FatBinaryTest {
  private static final String LIBRARY = "linux-x86_64-gpu/libjnicairncuda.so";
  private static final int MAGIC = 0xBA55ED50;
  private static final int HEADER_BYTES = 16;
  private static final int PTX = 1;

  @Test
  void hasCodeForEachArchitectureAndPtxThatCanBeRead() throws Exception {
    URL library = CudaKernels.class.getResource(LIBRARY);
    assumeTrue(library != null, "not built with -Djavacpp.platform.extension=-gpu");
    List<String> architectures = new ArrayList<>();
    try (InputStream in = library.openStream()) {
      ByteBuffer bytes = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
      // Aligned like all that the linker places.
      for (int at = 0; at + HEADER_BYTES <= bytes.capacity(); at += Long.BYTES) {
        if (bytes.getInt(at) == MAGIC && bytes.getShort(at + 6) == HEADER_BYTES) {
          list(bytes, at, architectures);
        }
      }
    }
    assertEquals(
        List.of("compute_100", "sm_100", "sm_80", "sm_90"),
        architectures.stream().sorted().toList());
  }

  private static void list(ByteBuffer bytes, int header, List<String> architectures) {
    int at = header + HEADER_BYTES;
    long end = at + bytes.getLong(header + 8);
    while (at < end) {
      int codeAt = at + bytes.getInt(at + 4);
      int codeBytes = (int) bytes.getLong(at + 8);
      boolean ptx = bytes.getShort(at) == PTX;
      architectures.add((ptx ? "compute_" : "sm_") + bytes.getInt(at + 28));
      byte[] code = new byte[64];
      bytes.get(codeAt, code);
      String begin = new String(code, StandardCharsets.ISO_8859_1).strip();
      assertTrue(begin.startsWith(ptx ? ".version" : "\u007fELF"), "compressed: " + begin);
      at = codeAt + codeBytes;
    }
  }
}
