package dev.cairn.scripts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.device.Emulation;
import dev.cairn.gate.CudaCompiler;
import dev.cairn.support.ShellRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code benchmarks/gpu-kit.sh}, and what it packs: run over the emulation on a machine that looks
 * as if there were nothing else.
 */
@Tag("cuda-compiler")
class GpuKitIT {
  private static final long MOST_BYTES = 45L << 20;
  private static final long MOST_SECONDS = 60;

  /** All that a bare machine has, and no Java. */
  private static final List<String> TOOLS =
      List.of(
          "bash",
          "awk",
          "cat",
          "cp",
          "cut",
          "dd",
          "df",
          "dirname",
          "env",
          "grep",
          "gzip",
          "head",
          "ls",
          "mkdir",
          "mktemp",
          "nproc",
          "rm",
          "sed",
          "sha256sum",
          "sleep",
          "tail",
          "tar",
          "tee",
          "tr",
          "uname",
          "wc");

  @TempDir static Path temporary;

  private static Path kit;

  @BeforeAll
  static void kitIsPacked() throws Exception {
    assumeTrue(CudaCompiler.isThere(), "no CUDA compiler");
    try (Stream<Path> built = Files.list(Path.of(System.getProperty("cairn.build.directory")))) {
      boolean isThere = built.anyMatch(path -> path.toString().endsWith("-linux-x86_64-gpu.jar"));
      assumeTrue(isThere || System.getenv("CAIRN_GATE") != null, "no library for GPUs is built");
    }
    kit = temporary.resolve("kit");
    ShellRun run =
        ShellRun.of(ShellRun.CHECKOUT, Map.of(), List.of("benchmarks/gpu-kit.sh", kit.toString()));
    assertEquals(0, run.exitCode(), run.out() + run.err());
  }

  @Test
  void isSmall() throws Exception {
    long bytes = 0;
    try (Stream<Path> files = Files.list(kit)) {
      for (Path file : files.toList()) {
        bytes += Files.size(file);
      }
    }
    assertTrue(bytes > 0 && bytes <= MOST_BYTES, "bytes: " + bytes);
  }

  @Test
  void runsInAnEmptyFolderWithoutAnythingOfThisMachine() throws Exception {
    Path tools = onlyTools();
    Path empty = Files.createDirectory(temporary.resolve("empty"));
    ShellRun run = bare(tools, empty, "540", GpuReport.PARAMETERS);
    assertEquals(0, run.exitCode(), run.out() + run.err());
    GpuReport report = GpuReport.in(empty.resolve("out"));
    report.checkIsWhole();
    assertTrue(run.out().contains(Files.readString(empty.resolve("out/report.txt"))), run.out());
    // Of one processor, as the others may have other things to do.
    assertTrue(report.processorSeconds() > 1, "seconds: " + report.processorSeconds());
    assertTrue(report.processorSeconds() <= MOST_SECONDS, "seconds: " + report.processorSeconds());
  }

  /** What its time did not last for is said to be skipped, and all that was found is reported. */
  @Test
  void startsNothingNewWhenItsTimeIsOver() throws Exception {
    Path empty = Files.createDirectory(temporary.resolve("short"));
    ShellRun run = bare(onlyTools(), empty, "1", GpuReport.PARAMETERS);
    assertEquals(0, run.exitCode(), run.out() + run.err());
    String report = Files.readString(empty.resolve("out/report.json"));
    assertTrue(report.contains("no time left"), report);
    assertFalse(report.contains("passed"), report);
  }

  private static ShellRun bare(Path tools, Path folder, String seconds, String parameters)
      throws Exception {
    String emulation = Emulation.BUILT.resolve("emulation").toAbsolutePath().toString();
    return ShellRun.of(
        folder,
        Map.of(),
        List.of(
            "env",
            "-i",
            "PATH=" + tools,
            "HOME=" + folder,
            "PARAMETERS=" + parameters,
            "bash",
            kit.resolve("check.sh").toString(),
            "--emulated",
            emulation,
            seconds));
  }

  private static Path onlyTools() throws IOException {
    Path tools = temporary.resolve("tools");
    if (Files.notExists(tools)) {
      Files.createDirectory(tools);
      for (String tool : TOOLS) {
        Files.createSymbolicLink(tools.resolve(tool), found(tool));
      }
    }
    return tools;
  }

  private static Path found(String tool) {
    return Stream.of("/usr/bin", "/bin")
        .map(folder -> Path.of(folder, tool))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(() -> new AssertionError("not on this machine: " + tool));
  }
}
