package dev.cairn.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Scripts that say what the reference implementations in Python do. */
public final class PythonScript {
  /** How a script ends that lacks a package. */
  private static final int MISSING_PACKAGES = 77;

  private PythonScript() {}

  /** Returns the interpreter: CAIRN_PYTHON, as a property or else a variable, or python3. */
  public static String python() {
    String fromEnvironment = System.getenv().getOrDefault("CAIRN_PYTHON", "python3");
    return System.getProperty("CAIRN_PYTHON", fromEnvironment);
  }

  /** Returns the interpreter; skips the test, as {@link #run} does, where it lacks a package. */
  public static String pythonWith(String test, String name) throws InterruptedException {
    if (!ExternalProgram.succeeds(python(), "-c", "import " + name)) {
      return skip(test, "python=" + python() + " has no " + name);
    }
    return python();
  }

  /**
   * Runs a script and asserts that it ends well; skips the test, with one line that says why, where
   * there is no Python or it lacks a package.
   *
   * @param test what is skipped
   * @param log a file for what the script prints
   * @param limitMinutes how long it may take
   * @return what it printed
   */
  public static String run(
      String test, Path log, int limitMinutes, Path script, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(python(), script.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("HF_HUB_OFFLINE", "1");
    builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      return skip(test, "no python: " + e.getMessage());
    }
    if (!process.waitFor(limitMinutes, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError("python did not end: " + Files.readString(log));
    }
    String said = Files.readString(log);
    if (process.exitValue() == MISSING_PACKAGES) {
      return skip(test, "python=" + python() + " lacks a package: " + said.strip());
    }
    assertEquals(0, process.exitValue(), said);
    return said;
  }

  /** Skips a test, with one line that says why; the result is never used. */
  static String skip(String test, String reason) {
    System.getLogger("tests").log(Level.WARNING, "skipped " + test + ", " + reason);
    assumeTrue(false, reason);
    return reason;
  }
}
