package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.device.Emulation;
import dev.cairn.kernels.NvccLibraryProgram;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar that a program on a machine with GPUs takes in place of the other natives. */
@Tag("cuda-compiler")
class GpuJarIT {
  private static final String FOLDER = "dev/cairn/kernels/jni/linux-x86_64-gpu/";
  private static final int MAGIC = 0xBA55ED50;
  private static final int HEADER_BYTES = 16;
  private static final int PTX = 1;

  private Path jar;

  @BeforeEach
  void jarIsBuilt() throws Exception {
    Optional<Path> built = JarsIT.find("-linux-x86_64-gpu");
    boolean mustBeThere = System.getenv("CAIRN_GATE") != null && CudaCompiler.isThere();
    assumeTrue(
        built.isPresent() || mustBeThere,
        "no jar for GPUs: mvn -B -Djavacpp.platform.extension=-gpu -DskipTests package");
    jar = built.orElseThrow(() -> new AssertionError("nvcc is there, and no jar for GPUs"));
  }

  @Test
  void holdsBothLibrariesAndNothingOfCudaOrOfTheEmulation() throws Exception {
    assertEquals(
        List.of(FOLDER + "libjnicairncuda.so", "dev/cairn/linux-x86_64-gpu/libjnicairn.so"),
        JarsIT.names(jar).stream().filter(name -> name.contains(".so")).sorted().toList());
    assertEquals("dev.cairn.linux.x86_64.gpu", JarsIT.moduleOf(jar));
  }

  @Test
  void aloneGivesNativeKernelsToAProgramWithoutCuda() throws Exception {
    String kernels = JarsIT.kernelsOfProgramWith(JarsIT.jar(""), jar);
    assertTrue(List.of("baseline", "avx2", "avx512").contains(kernels), kernels);
  }

  @Test
  void librarysHostCodeLaunchesItsKernelsUnderTheEmulation(@TempDir Path folder) throws Exception {
    Emulation.Ended ended = Emulation.runWithLibraryOf(jar, folder, NvccLibraryProgram.class);
    assertTrue(ended.isDone(), ended::toString);
  }

  @Test
  void hasCodeForEachArchitectureAndPtxThatCanBeRead() throws Exception {
    List<String> architectures = new ArrayList<>();
    try (ZipFile zip = new ZipFile(jar.toFile());
        InputStream in = zip.getInputStream(zip.getEntry(FOLDER + "libjnicairncuda.so"))) {
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
