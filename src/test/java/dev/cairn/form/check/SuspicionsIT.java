package dev.cairn.form.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.support.PythonScript;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nothing is wrong with any model of transformers: those of every 120th class, or of all in -Pfull,
 * with as many layers as their default configs say.
 */
@Tag("python")
class SuspicionsIT {
  private static final boolean IS_ALL = Boolean.getBoolean("cairn.zoo.all");
  private static final int FEWEST = IS_ALL ? 1700 : 10;

  @TempDir Path folder;

  @Test
  @Timeout(1800)
  void noModelOfTransformersIsSuspicious() throws Exception {
    Path names = folder.resolve("names.json");
    PythonScript.run(
        "SuspicionsIT",
        folder.resolve("log"),
        IS_ALL ? 30 : 5,
        Path.of("src/test/python/form_default_names.py"),
        names.toString(),
        IS_ALL ? "1" : "120");
    Map<String, List<String>> found = new TreeMap<>();
    Map<String, Object> models = Json.parseObject(Files.readAllBytes(names));
    models.forEach(
        (name, tensors) -> {
          List<String> suspicions = Suspicions.of(tensors((Map<?, ?>) tensors), false);
          if (!suspicions.isEmpty()) {
            found.put(name, suspicions);
          }
        });
    assertEquals(Map.of(), found);
    assertTrue(models.size() >= FEWEST, models.keySet()::toString);
  }

  private static List<TensorInfo> tensors(Map<?, ?> shapes) {
    List<TensorInfo> tensors = new ArrayList<>();
    shapes.forEach(
        (name, shape) ->
            tensors.add(
                new TensorInfo(
                    (String) name,
                    DType.BF16,
                    Shape.of(
                        ((List<?>) shape)
                            .stream()
                                .mapToLong(size -> ((JsonNumber) size).longValue())
                                .toArray()))));
    return tensors;
  }
}
