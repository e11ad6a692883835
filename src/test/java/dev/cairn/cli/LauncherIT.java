package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The script bin/cairn itself: where it may be called from, and what it says is missing. */
@Tag("processes")
class LauncherIT {
  private static final List<String> TOOLS =
      List.of("bash", "find", "readlink", "mkdir", "flock", "grep", "tail", "sed", "cat");

  @TempDir private Path folder;

  @Test
  void worksThroughASymbolicLinkFromAnyDirectory() throws Exception {
    Path link =
        Files.createSymbolicLink(folder.resolve("tool"), ShellRun.CHECKOUT.resolve("bin/cairn"));
    ShellRun run = ShellRun.of(folder, Map.of(), List.of(link.toString(), "--version"));
    Files.delete(link);
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(run.out().startsWith("cairn 0."), run.out());
    assertEquals("", run.err());
  }

  @ParameterizedTest
  @ValueSource(strings = {"demo", "inspect", "verify", "merge-lora"})
  void everyCommandsHelpHasAnExample(String command) throws Exception {
    ShellRun run = ShellRun.cairn(folder, command, "--help");
    assertEquals(0, run.exitCode());
    assertTrue(run.out().contains("Example: cairn " + command), run.out());
    assertEquals("", run.err());
  }

  @Test
  void noCommandIsWrongUsage() throws Exception {
    ShellRun run = ShellRun.cairn(folder);
    assertEquals(2, run.exitCode());
    assertEquals("", run.out());
    assertTrue(run.err().contains("demo"), run.err());
  }

  @Test
  void unknownOptionIsWrongUsageInTwoLines() throws Exception {
    ShellRun run = ShellRun.cairn(folder, "inspect", "--colour", "x");
    assertEquals(2, run.exitCode());
    assertEquals(
        """
        cairn inspect: Unknown option: '--colour'
        cairn inspect --help shows the options and an example
        """,
        run.err());
  }

  @ParameterizedTest
  @CsvSource({
    "java, a JDK, openjdk-17-jdk-headless",
    "mvn, Maven, maven",
    "g++, a C++ compiler, g++"
  })
  void missingToolIsNamedWithTheCommandThatInstallsIt(
      String tool, String name, String debianPackage) throws Exception {
    ShellRun run = freshCheckoutWithout(tool);
    assertEquals(3, run.exitCode(), run.err());
    assertEquals(1, run.err().lines().count(), run.err());
    assertTrue(run.err().contains(name), run.err());
    assertTrue(run.err().endsWith("apt-get install " + debianPackage + "\n"), run.err());
  }

  @Test
  void tooOldJavaIsNamedWithItsVersion() throws Exception {
    Path jdk = Files.createDirectories(folder.resolve("jdk/bin")).getParent();
    script(jdk.resolve("bin/java"), "exit 1");
    Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"11.0.2\"\n");
    ShellRun run =
        ShellRun.of(
            folder,
            Map.of("JAVA_HOME", jdk.toString()),
            List.of(ShellRun.CHECKOUT.resolve("bin/cairn").toString(), "--version"));
    assertEquals(3, run.exitCode());
    assertTrue(run.err().contains("JDK 17 or newer (found 11"), run.err());
  }

  /** Runs bin/cairn in a checkout that was never built, on a path without one tool. */
  private ShellRun freshCheckoutWithout(String tool) throws IOException, InterruptedException {
    Path path = Files.createDirectory(folder.resolve("path"));
    for (String name : TOOLS) {
      script(path.resolve(name), "exec " + find(name) + " \"$@\"");
    }
    for (String name : List.of("mvn", "g++")) {
      if (!name.equals(tool)) {
        script(path.resolve(name), "exit 1");
      }
    }
    List<String> command = new ArrayList<>(List.of("env", "-i", "PATH=" + path));
    if (!tool.equals("java")) {
      command.add("JAVA_HOME=" + System.getProperty("java.home"));
    }
    Path script = Files.createDirectories(folder.resolve("checkout/bin")).resolve("cairn");
    Files.copy(ShellRun.CHECKOUT.resolve("bin/cairn"), script);
    command.addAll(List.of(find("bash").toString(), script.toString(), "--version"));
    return ShellRun.of(folder, Map.of(), command);
  }

  private static void script(Path file, String line) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + line + "\n");
    assertTrue(file.toFile().setExecutable(true));
  }

  private static Path find(String tool) throws IOException {
    for (String place : List.of("/usr/bin", "/bin")) {
      if (Files.exists(Path.of(place, tool))) {
        return Path.of(place, tool);
      }
    }
    throw new IOException("no such tool on this machine: " + tool);
  }
}
