package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.device.Emulation;
import dev.cairn.gate.CudaCompiler;
import dev.cairn.support.ExternalProgram;
import dev.cairn.support.PythonScript;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * nvcc's own code of the GPU kernels, run by an interpreter of PTX with a memory checker. Needs
 * Python with numpy; the second test nvcc, too.
 */
@Tag("python")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class PtxTest {
  private static final String PYTHON = PythonScript.python();
  private static final Path ARCHIVE = Emulation.BUILT.resolve("lib/libcairn_cpu.a");

  @BeforeEach
  void numpyIsThere() throws Exception {
    assumeTrue(
        ExternalProgram.succeeds(PYTHON, "-c", "import numpy"), "python has no numpy: " + PYTHON);
  }

  @Test
  void interpreterGivesKnownResultsAndCatchesMistakes() throws Exception {
    run("ptx_snippets_test", Map.of());
  }

  @Test
  @Tag("cuda-compiler")
  void codeOfEveryArchitectureGivesTheBitsOfTheCpu() throws Exception {
    String nvcc = CudaCompiler.command();
    assumeTrue(CudaCompiler.isThere(), "no CUDA compiler; the GPU's code is not run: " + nvcc);
    assumeTrue(ARCHIVE.toFile().exists(), "not built: " + ARCHIVE);
    run("ptx_kernels_test", Map.of("CAIRN_NVCC", nvcc, "CAIRN_CPU_ARCHIVE", ARCHIVE.toString()));
  }

  private static void run(String module, Map<String, String> environment)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(PYTHON, "-B", "-m", "unittest", module);
    builder.environment().put("PYTHONPATH", "src/test/python");
    builder.environment().putAll(environment);
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
  }
}
