package dev.cairn.cli.demo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.cairn.device.Emulation;
import dev.cairn.json.Json;
import dev.cairn.support.ShellRun;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bin/cairn demo --device cuda}, without a GPU and under the emulated CUDA. */
@Tag("processes")
class DemoCudaIT {
  @TempDir private Path folder;

  private ShellRun demo(Map<String, String> environment, String output, String... options)
      throws Exception {
    List<String> command = new ArrayList<>();
    command.add(ShellRun.CHECKOUT.resolve("bin/cairn").toString());
    command.addAll(List.of("demo", "--parameters", "200K", "--output", output, "--quiet"));
    command.addAll(List.of(options));
    return ShellRun.of(folder, environment, command);
  }

  /** CUDA emulated, with so many GPUs. */
  private static Map<String, String> emulated(int gpus) {
    Path emulation = Emulation.BUILT.toAbsolutePath().resolve("emulation");
    return Map.of(
        "CAIRN_EMULATION_DEVICES",
        Integer.toString(gpus),
        "LD_LIBRARY_PATH", // for what is looked for by its name
        emulation.toString(),
        "LD_PRELOAD", // before a real runtime, where there is one
        emulation.resolve("libcuda.so.1") + ":" + emulation.resolve("libcudart.so.13"),
        "JDK_JAVA_OPTIONS",
        "-Dorg.bytedeco.javacpp.pathsFirst=true -Dorg.bytedeco.javacpp.cachedir="
            + ShellRun.CHECKOUT.resolve("target/javacpp-emulation"));
  }

  @Test
  void machineWithoutGpuIsToldInOneLineWhatIsMissing() throws Exception {
    assumeFalse(Files.exists(Path.of("/dev/nvidiactl")), "this machine has a GPU");
    ShellRun run = demo(Map.of(), "saved", "--device", "cuda");
    assertEquals(3, run.exitCode(), run.err());
    assertEquals(1, run.err().lines().count(), run.err());
    assertTrue(
        run.err().startsWith("cairn demo: no GPU to save from: no NVIDIA driver: "), run.err());
    assertFalse(Files.exists(folder.resolve("saved")));
  }

  @Test
  void modelOnGpusIsSavedAsOneInHostMemory() throws Exception {
    ShellRun run = demo(emulated(2), "cuda", "--ranks", "3", "--device", "cuda");
    assertEquals(0, run.exitCode(), run.err());
    assertEquals(0, demo(Map.of(), "cpu", "--ranks", "3").exitCode());
    assertArrayEquals(
        Files.readAllBytes(folder.resolve("cpu/model.safetensors")),
        Files.readAllBytes(folder.resolve("cuda/model.safetensors")));
  }

  @Test
  void thereIsARankForEachGpu() throws Exception {
    ShellRun run = demo(emulated(2), "saved", "--device", "cuda", "--json");
    assertEquals(0, run.exitCode(), run.err());
    Map<String, Object> result = Json.parseObject(run.out().getBytes(StandardCharsets.UTF_8));
    assertEquals(2, ((List<?>) result.get("ranks")).size(), run.out());
  }

  @Test
  void driverWithoutGpuIsToldInOneLine() throws Exception {
    ShellRun run = demo(emulated(0), "saved", "--device", "cuda");
    assertEquals(3, run.exitCode(), run.err());
    List<String> lines = run.err().lines().filter(line -> !line.startsWith("NOTE: ")).toList();
    assertEquals(1, lines.size(), run.err());
    assertTrue(lines.get(0).startsWith("cairn demo: no GPU to save from: "), run.err());
    assertTrue(lines.get(0).contains("no CUDA-capable device is detected"), run.err());
    assertFalse(Files.exists(folder.resolve("saved")));
  }
}
