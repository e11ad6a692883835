package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.cairn.device.Emulation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bin/cairn demo --device cuda}, without a GPU and under the emulated CUDA. */
@Tag("processes")
class DemoCudaIT {
  @TempDir private Path folder;

  private ShellRun demo(Map<String, String> environment, String output, String device)
      throws Exception {
    String command = ShellRun.CHECKOUT.resolve("bin/cairn").toString();
    return ShellRun.of(
        folder,
        environment,
        List.of(
            command,
            "demo",
            "--parameters",
            "200K",
            "--ranks",
            "3",
            "--device",
            device,
            "--output",
            output,
            "--quiet"));
  }

  @Test
  void machineWithoutGpuIsToldInOneLineWhatIsMissing() throws Exception {
    assumeFalse(Files.exists(Path.of("/dev/nvidiactl")), "this machine has a GPU");
    ShellRun run = demo(Map.of(), "saved", "cuda");
    assertEquals(3, run.exitCode(), run.err());
    assertEquals(1, run.err().lines().count(), run.err());
    assertTrue(
        run.err().startsWith("cairn demo: no GPU to save from: no NVIDIA driver: "), run.err());
    assertFalse(Files.exists(folder.resolve("saved")));
  }

  @Test
  void modelOnGpusIsSavedAsOneInHostMemory() throws Exception {
    Path emulation = Emulation.BUILT.toAbsolutePath().resolve("emulation");
    Map<String, String> emulated =
        Map.of(
            "LD_LIBRARY_PATH", // for what is looked for by its name
            emulation.toString(),
            "LD_PRELOAD", // before a real runtime, where there is one
            emulation.resolve("libcuda.so.1") + ":" + emulation.resolve("libcudart.so.13"),
            "JDK_JAVA_OPTIONS",
            "-Dorg.bytedeco.javacpp.pathsFirst=true -Dorg.bytedeco.javacpp.cachedir="
                + ShellRun.CHECKOUT.resolve("target/javacpp-emulation"));
    ShellRun run = demo(emulated, "cuda", "cuda");
    assertEquals(0, run.exitCode(), run.err());
    assertEquals(0, demo(Map.of(), "cpu", "cpu").exitCode());
    assertArrayEquals(
        Files.readAllBytes(folder.resolve("cpu/model.safetensors")),
        Files.readAllBytes(folder.resolve("cuda/model.safetensors")));
  }
}
