package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Cairn saves is what transformers saves, for models of all kinds. */
@Tag("python")
class FormZooIT {
  @TempDir static Path made;

  @TempDir Path target;

  @BeforeAll
  static void make() throws IOException, InterruptedException {
    // FormZoo.models reads what was made elsewhere
  }

  @Test
  void everyModelIsSavedAsTransformersDoes() throws Exception {
    List<String> wrong = new ArrayList<>();
    int index = 0;
    for (Path model : FormZoo.models(Path.of(System.getProperty("cairn.zoo")))) {
      for (boolean withBase : new boolean[] {false, true}) {
        int worldSize = List.of(1, 3, 4).get(index % 3);
        SaveMode mode = index % 2 == 0 ? SaveMode.GATHER : SaveMode.PARALLEL;
        index++;
        try {
          FormZoo.check(model, worldSize, mode, withBase, target.resolve("run" + index));
        } catch (Exception | AssertionError e) {
          wrong.add(model.getFileName() + (withBase ? " (base known): " : ": ") + e);
        }
      }
    }
    assertEquals(List.of(), wrong, () -> String.join("\n", wrong));
  }
}
