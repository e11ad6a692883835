package dev.cairn.form;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.json.Json;
import dev.cairn.options.SaveMode;
import dev.cairn.support.PythonScript;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/**
 * What Cairn saves is what transformers saves, for models of all kinds: a sample of the zoo, or all
 * of it in the profile {@code full}.
 */
@Tag("python")
class FormZooIT {
  private static final Path SCRIPT = Path.of("src/test/python/form_zoo.py");
  private static final Path LIST = Path.of("src/test/python/form_zoo.json");
  private static final boolean IS_ALL = Boolean.getBoolean("cairn.zoo.all");
  private static final int FEWEST = IS_ALL ? 150 : 30;

  /** A parameter that its class makes in F64, which no table tells. */
  private static final String OF_64_BITS = "OneFormerForUniversalSegmentation";

  @TempDir Path folder;

  private static List<String> names() throws IOException {
    Map<String, Object> zoo = Json.parseObject(Files.readAllBytes(LIST));
    return Stream.of(IS_ALL ? "architectures" : "sample", "half")
        .flatMap(list -> ((List<?>) zoo.get(list)).stream())
        .map(String.class::cast)
        .toList();
  }

  @Test
  @Timeout(900)
  void everyModelIsSavedAsTransformersDoes() throws Exception {
    List<String> wrong = new ArrayList<>();
    int index = 0;
    for (Path model : models()) {
      for (boolean withBase : new boolean[] {false, true}) {
        int worldSize = List.of(1, 3, 4).get(index % 3);
        SaveMode mode = index % 2 == 0 ? SaveMode.GATHER : SaveMode.PARALLEL;
        Path target = folder.resolve("run" + index);
        index++;
        check(
            model, withBase, wrong, () -> FormZoo.check(model, worldSize, mode, withBase, target));
        if (!model.endsWith(OF_64_BITS)) { // DeepSpeed's masters are F32
          check(model, withBase, wrong, () -> FormZoo.checkConsolidated(model, withBase, target));
        }
      }
    }
    assertEquals(List.of(), wrong, () -> String.join("\n", wrong));
  }

  /** Makes the models, unless they are there. */
  private List<Path> models() throws IOException, InterruptedException {
    Path made = Path.of(System.getProperty("cairn.zoo.made", folder.resolve("made").toString()));
    if (!Files.exists(made)) {
      List<String> arguments = new ArrayList<>(List.of("make", made.toString()));
      arguments.addAll(names());
      PythonScript.run(
          "FormZooIT", folder.resolve("make.log"), 10, SCRIPT, arguments.toArray(String[]::new));
    }
    List<Path> models = FormZoo.models(made);
    assertTrue(models.size() >= FEWEST, () -> "models made: " + models.size());
    return models;
  }

  /** Adds to {@code wrong} what a check says. */
  private static void check(Path model, boolean withBase, List<String> wrong, Executable check) {
    if (!withBase && model.endsWith(OF_64_BITS)) {
      return;
    }
    try {
      check.execute();
    } catch (Throwable e) { // an assertion's, too
      wrong.add(model.getFileName() + (withBase ? " (base known): " : ": ") + e);
    }
  }
}
