package dev.cairn.hf.files;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.support.PythonScript;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The list of vocabularies is what its script makes of transformers. */
@Tag("python")
class VocabularyNamesIT {
  @TempDir Path folder;

  @Test
  void listIsWhatTheScriptMakes() throws Exception {
    Path made = folder.resolve("made.txt");
    Path script = Path.of("src/test/python/make_vocabulary_names.py");
    PythonScript.run("VocabularyNamesIT", folder.resolve("make.log"), 5, script, made.toString());
    try (var stream = VocabularyNames.class.getResourceAsStream("vocabularies.txt")) {
      String list = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(Files.readString(made), list);
    }
  }
}
