package dev.cairn.peft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Adapters that the real peft has made, and its opinion of ours. One Python process for each. */
final class PeftCases {
  private static final Path SCRIPT = Path.of("src/test/python/peft_adapters.py");
  private static final int MISSING_PACKAGES = 77;

  private final Path folder;
  private final Map<String, Object> answers;

  private PeftCases(Path folder) throws IOException {
    this.folder = folder;
    this.answers = Json.parseObject(Files.readAllBytes(folder.resolve("answers.json")));
  }

  /** Makes all cases, or skips the test that asks. */
  static PeftCases make(Path folder) throws Exception {
    run("make", folder);
    return new PeftCases(folder);
  }

  /** Lets peft and transformers load what lies in {@code cairn} and {@code merged} of each case. */
  PeftCases check() throws Exception {
    run("check", folder);
    return new PeftCases(folder);
  }

  Iterable<String> names() {
    return answers.keySet();
  }

  Path folder(String name) {
    return folder.resolve(name);
  }

  /** Returns what Python said of a case; fails if it could not do it. */
  Map<?, ?> answer(String name) {
    Map<?, ?> answer = (Map<?, ?>) answers.get(name);
    assertEquals(Optional.empty(), Optional.ofNullable(answer.get("error")), name);
    return answer;
  }

  static double number(Map<?, ?> answer, String key) {
    return ((JsonNumber) answer.get(key)).doubleValue();
  }

  private static void run(String task, Path folder) throws Exception {
    String fromEnvironment = System.getenv().getOrDefault("CAIRN_PYTHON", "python3");
    String python = System.getProperty("CAIRN_PYTHON", fromEnvironment);
    Path log = folder.resolve("log");
    int status;
    try {
      Process process =
          new ProcessBuilder(python, SCRIPT.toString(), task, folder.toString())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      if (!process.waitFor(10, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new AssertionError("python did not end: " + Files.readString(log));
      }
      status = process.exitValue();
    } catch (IOException e) {
      skip("no python: " + e.getMessage());
      return;
    }
    if (status == MISSING_PACKAGES) {
      skip("python=" + python + " lacks a package: " + Files.readString(log));
    }
    assertEquals(0, status, Files.readString(log));
  }

  private static void skip(String reason) {
    System.getLogger("tests").log(Level.WARNING, "skipped tests with peft, " + reason);
    assumeTrue(false, reason);
  }
}
