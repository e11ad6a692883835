package dev.cairn.form;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.json.Json;
import dev.cairn.support.PythonScript;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The table is what its script makes of transformers: its conversions, or all of it in -Pfull. */
@Tag("python")
class FormTableIT {
  private static final boolean IS_ALL = Boolean.getBoolean("cairn.zoo.all");

  @TempDir Path folder;

  @Test
  @Timeout(900)
  void tableIsWhatTheScriptMakes() throws Exception {
    Path made = folder.resolve("made.json");
    Path script = Path.of("src/test/python/make_form_table.py");
    String[] arguments =
        IS_ALL ? new String[] {made.toString()} : new String[] {made.toString(), "--conversions"};
    PythonScript.run("FormTableIT", folder.resolve("make.log"), 10, script, arguments);
    Map<String, Object> expected = Json.parseObject(Files.readAllBytes(made));
    Map<String, Object> table = table();
    for (Map.Entry<String, Object> section : expected.entrySet()) {
      assertEquals(section.getValue(), table.get(section.getKey()), section.getKey());
    }
  }

  private static Map<String, Object> table() throws IOException {
    try (var stream = FormTable.class.getResourceAsStream("transformers.json")) {
      return Json.parseObject(stream.readAllBytes());
    }
  }
}
