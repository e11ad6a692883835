package dev.cairn.peft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.support.PythonScript;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Adapters that the real peft has made, and its opinion of ours. One Python process for each. */
final class PeftCases {
  private static final Path SCRIPT = Path.of("src/test/python/peft_adapters.py");

  private final Path folder;
  private final Map<String, Object> answers;

  private PeftCases(Path folder) throws IOException {
    this.folder = folder;
    this.answers = Json.parseObject(Files.readAllBytes(folder.resolve("answers.json")));
  }

  /** Makes all cases, or skips the test that asks. */
  static PeftCases make(Path folder) throws Exception {
    PythonScript.run(
        "tests with peft", folder.resolve("log"), 10, SCRIPT, "make", folder.toString());
    return new PeftCases(folder);
  }

  /** Lets peft and transformers load what lies in {@code cairn} and {@code merged} of each case. */
  PeftCases check() throws Exception {
    PythonScript.run(
        "tests with peft", folder.resolve("log"), 10, SCRIPT, "check", folder.toString());
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
}
