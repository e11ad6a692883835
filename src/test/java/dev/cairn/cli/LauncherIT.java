package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.support.ShellRun;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
      List.of("sh", "find", "readlink", "mkdir", "flock", "grep", "tail", "sed", "cat");

  /** The first long-term release that warns of native code that was not allowed. */
  private static final int NEW_JAVA = 25;

  private static final Path JAVAS = Path.of("/usr/lib/jvm");
  private static final Pattern JAVA_VERSION = Pattern.compile("JAVA_VERSION=\"(\\d+)");

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
  @ValueSource(strings = {"C", "POSIX", ""})
  void namesAreReadWithoutALocaleToo(String locale) throws Exception {
    Map<String, String> variables = Map.of("LC_ALL", locale, "LC_CTYPE", "", "LANG", "");
    String cairn = ShellRun.CHECKOUT.resolve("bin/cairn").toString();
    String command = "exec \"$0\" inspect \"$(printf 'f\\303\\266lder')\"";
    ShellRun run = ShellRun.of(folder, variables, List.of("sh", "-c", command, cairn));
    String expected = "cairn inspect: no such file or folder: f\u00f6lder\n";
    assertTrue(run.err().endsWith(expected), run.err()); // it may have had to build
    assertEquals(2, run.exitCode());
  }

  @Test
  void everyCommandIsDescribedInWholeSentences() throws Exception {
    ShellRun run = ShellRun.cairn(folder, "--help");
    assertFalse(run.out().matches("(?s).* It takes\\s+merge-lora.*"), run.out());
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
  void helpOfACommandIsThatCommandsOwn() throws Exception {
    ShellRun help = ShellRun.cairn(folder, "help", "inspect");
    assertEquals(0, help.exitCode(), help.err());
    assertEquals(ShellRun.cairn(folder, "inspect", "--help").out(), help.out());
    assertTrue(help.out().contains("Example: cairn inspect"), help.out());
  }

  /** What a script reads would be cut short, and nothing would say so. */
  @ParameterizedTest
  @ValueSource(strings = {">/dev/full", ">&-"})
  void resultThatCannotBeWrittenIsAFailure(String output) throws Exception {
    Path file = ShellRun.CHECKOUT.resolve("src/test/resources/deepspeed/a_z3_w2_llama");
    String cairn = ShellRun.CHECKOUT.resolve("bin/cairn").toString();
    for (String command : List.of("inspect", "verify", "inspect --json")) {
      String line = "exec \"$0\" " + command + " \"$1\" " + output;
      ShellRun run =
          ShellRun.of(folder, Map.of(), List.of("sh", "-c", line, cairn, file.toString()));
      assertEquals("cairn: the result could not be written to standard output\n", run.err());
      assertEquals(3, run.exitCode(), command);
    }
  }

  @Test
  void readerThatHasSeenEnoughIsNoFailure() throws Exception {
    Path file = ShellRun.CHECKOUT.resolve("src/test/resources/deepspeed/a_z3_w2_llama");
    String cairn = ShellRun.CHECKOUT.resolve("bin/cairn").toString();
    String line = "set -o pipefail; \"$0\" inspect \"$1\" | true";
    ShellRun run =
        ShellRun.of(folder, Map.of(), List.of("bash", "-c", line, cairn, file.toString()));
    assertEquals("", run.err());
    assertEquals(0, run.exitCode());
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

  @Test
  void newestJavaHasNothingToWarnOf() throws Exception {
    Optional<Path> newest = newestJava();
    assumeTrue(newest.isPresent(), "no JDK " + NEW_JAVA + " or newer in " + JAVAS);
    Map<String, String> environment = Map.of("JAVA_HOME", newest.get().toString());
    String cairn = ShellRun.CHECKOUT.resolve("bin/cairn").toString();
    ShellRun version = ShellRun.of(folder, environment, List.of(cairn, "--version"));
    assertEquals(0, version.exitCode(), version.err());
    assertEquals("", version.err());
    List<String> demo =
        List.of(cairn, "demo", "--ranks=2", "--parameters=200K", "--mode=gather", "--quiet");
    List<String> command = new ArrayList<>(demo);
    command.add("--output=model");
    ShellRun save = ShellRun.of(folder, environment, command);
    assertEquals(0, save.exitCode(), save.err());
    assertEquals("", save.err());
  }

  /** Returns the newest JDK of this machine, if it is one that warns of native code. */
  private static Optional<Path> newestJava() throws IOException {
    if (!Files.isDirectory(JAVAS)) {
      return Optional.empty();
    }
    Optional<Path> newest = Optional.empty();
    int newestVersion = NEW_JAVA - 1;
    try (DirectoryStream<Path> homes = Files.newDirectoryStream(JAVAS)) {
      for (Path home : homes) {
        int version = javaVersion(home);
        if (version > newestVersion) {
          newest = Optional.of(home);
          newestVersion = version;
        }
      }
    }
    return newest;
  }

  /** Returns the feature release of a JDK, 0 if there is none. */
  private static int javaVersion(Path home) throws IOException {
    Path release = home.resolve("release");
    if (!Files.isReadable(release) || !Files.isExecutable(home.resolve("bin/java"))) {
      return 0;
    }
    Matcher version = JAVA_VERSION.matcher(Files.readString(release));
    return version.find() ? Integer.parseInt(version.group(1)) : 0;
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
    command.addAll(List.of(find("sh").toString(), script.toString(), "--version"));
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
