package dev.cairn.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

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
    ForkingPython python;
    try {
      python = ForkingPython.of(python());
    } catch (IOException e) {
      return skip(test, "no python: " + e.getMessage());
    }
    int status;
    try {
      status = python.run(log, limitMinutes, script, arguments);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError("python did not end: " + Files.readString(log), e);
    }
    String said = Files.readString(log);
    if (status == MISSING_PACKAGES) {
      return skip(test, "python=" + python() + " lacks a package: " + said.strip());
    }
    assertEquals(0, status, said);
    return said;
  }

  /** Skips a test, with one line that says why; the result is never used. */
  static String skip(String test, String reason) {
    System.getLogger("tests").log(Level.WARNING, "skipped " + test + ", " + reason);
    assumeTrue(false, reason);
    return reason;
  }
}
