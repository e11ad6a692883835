package dev.cairn.form.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.form.Form;
import dev.cairn.json.Json;
import dev.cairn.json.JsonEntries;
import dev.cairn.json.JsonFields;
import dev.cairn.json.JsonNumber;
import dev.cairn.support.PythonScript;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Templates are read as their specification reads them, which is a script. */
@Tag("python")
class TemplateIT {
  private static final Path TEMPLATES = Path.of("src/main/resources/dev/cairn/form/templates.json");
  private static final boolean IS_ALL = Boolean.getBoolean("cairn.zoo.all");
  private static final int CONFIGS_OF_EACH = IS_ALL ? 100 : 20;
  private static final int FEWEST_FAMILIES = 110;

  @TempDir Path folder;

  @Test
  @Timeout(900)
  void configsExpectWhatTheScriptSays() throws Exception {
    Path cases = folder.resolve("cases.jsonl");
    PythonScript.run(
        "TemplateIT",
        folder.resolve("cases.log"),
        10,
        Path.of("src/test/python/form_template_cases.py"),
        TEMPLATES.toString(),
        cases.toString(),
        Integer.toString(CONFIGS_OF_EACH));
    Set<Object> known = new HashSet<>();
    List<String> wrong = new ArrayList<>();
    for (String line : Files.readAllLines(cases)) {
      Map<String, Object> json = Json.parseObject(line.getBytes(StandardCharsets.UTF_8));
      Map<?, ?> config = (Map<?, ?>) json.get("config");
      Optional<ExpectedModel> expected = expected(json);
      if (expected.isPresent()) {
        known.add(config.get("architectures"));
      }
      if (!found(json).equals(expected)) {
        wrong.add(config + ": " + found(json) + ", expected " + expected);
      }
    }
    assertEquals(List.of(), wrong, () -> String.join("\n", wrong));
    assertTrue(known.size() >= FEWEST_FAMILIES, known::toString);
  }

  @SuppressWarnings("unchecked") // JSON's objects have string keys
  private static Optional<ExpectedModel> found(Map<String, Object> json) {
    return Template.expected(
        (Map<String, Object>) json.get("config"), JsonFields.strings(json, "given"));
  }

  /** Returns what the script expects. */
  private static Optional<ExpectedModel> expected(Map<String, Object> json) {
    if (!(json.get("expected") instanceof Map<?, ?> shapes)) {
      return Optional.empty();
    }
    Map<String, ExpectedTensor> tensors = new HashMap<>();
    shapes.forEach((name, shape) -> tensors.put((String) name, tensor((List<?>) shape)));
    return Optional.of(new ExpectedModel(tensors, JsonFields.names(json, "besides")));
  }

  private static ExpectedTensor tensor(List<?> shape) {
    List<Long> dimensions = new ArrayList<>();
    for (Object size : shape) {
      dimensions.add(size instanceof JsonNumber number ? number.longValue() : ExpectedTensor.ANY);
    }
    return new ExpectedTensor(dimensions);
  }

  @Test
  void entriesAreFoundOneByOne() throws IOException {
    for (String name : List.of("templates.json", "transformers.json")) {
      JsonEntries entries = JsonEntries.ofResource(Form.class, name);
      for (Map.Entry<String, Object> outer : all(name).entrySet()) {
        if (outer.getValue() instanceof Map<?, ?> section) {
          section.forEach(
              (key, value) ->
                  assertEquals(
                      Optional.of(value), entries.find(outer.getKey(), (String) key), name));
        } else {
          assertEquals(Optional.of(outer.getValue()), entries.find(outer.getKey()), name);
        }
        assertEquals(Optional.empty(), entries.find(outer.getKey(), "nothing"), name);
      }
      assertEquals(Optional.empty(), entries.find("nothing"), name);
    }
  }

  private static Map<String, Object> all(String name) throws IOException {
    try (var stream = Form.class.getResourceAsStream(name)) {
      return Json.parseObject(stream.readAllBytes());
    }
  }
}
