package dev.cairn.peft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.hf.generation.GenerationConfigCopy;
import dev.cairn.json.Json;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.peft.merge.LoraMerge;
import dev.cairn.support.PythonScript;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is merged is what peft merges, for models of all kinds: a sample of the zoo, or all of it in
 * the profile {@code full}.
 */
@Tag("python")
class PeftFamiliesIT {
  private static final Path SCRIPT = Path.of("src/test/python/peft_families.py");
  private static final boolean IS_ALL = Boolean.getBoolean("cairn.zoo.all");
  private static final int FEWEST = IS_ALL ? 560 : 30;
  private static final int FEWEST_LOGITS = 10;
  private static final SaveOptions OPTIONS =
      SaveOptions.builder()
          .keepDtypes()
          .durability(Durability.FAST)
          .stagingBuffers(2)
          .stagingBufferBytes(64 << 10)
          .build();

  @TempDir Path folder;

  @Test
  @Timeout(1800)
  void everyAdapterIsMergedAsPeftDoes() throws Exception {
    Path made = Path.of(System.getProperty("cairn.families.made", folder.toString()));
    run("make", made, IS_ALL ? "all" : "sample");
    List<String> wrong = new ArrayList<>();
    int count = 0;
    int withLogits = 0;
    for (Path family : families(made)) {
      count++;
      withLogits += says(family, "logits") ? 1 : 0;
      try {
        LoraMerge.merge(
            family.resolve("base"),
            family.resolve("adapter"),
            family.resolve("merged"),
            OPTIONS,
            GenerationConfigCopy.COPY,
            says(family, "quantised"));
      } catch (IOException | RuntimeException e) { // one must not hide the others
        wrong.add(family.getFileName() + ": " + e);
      }
    }
    for (String line : run("check", made).strip().lines().toList()) {
      List<?> found = (List<?>) Json.parseObject(wrapped(line)).get("found");
      if (!Map.of().equals(found.get(1))) {
        wrong.add(found.toString());
      }
    }
    assertEquals(List.of(), wrong, () -> String.join("\n", wrong));
    assertTrue(count >= FEWEST, "families: " + count);
    assertTrue(withLogits >= FEWEST_LOGITS, "families of which logits are compared: " + withLogits);
  }

  private static byte[] wrapped(String line) {
    return ("{\"found\": " + line + "}").getBytes(StandardCharsets.UTF_8);
  }

  private String run(String task, Path made, String... more)
      throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of(task, made.toString()));
    arguments.addAll(List.of(more));
    return PythonScript.run(
        "PeftFamiliesIT",
        folder.resolve(task + ".log"),
        20,
        SCRIPT,
        arguments.toArray(String[]::new));
  }

  private static List<Path> families(Path made) throws IOException {
    try (Stream<Path> all = Files.list(made)) {
      return all.filter(family -> Files.exists(family.resolve("zoo.json"))).sorted().toList();
    }
  }

  private static boolean says(Path family, String what) throws IOException {
    return Boolean.TRUE.equals(
        Json.parseObject(Files.readAllBytes(family.resolve("zoo.json"))).get(what));
  }
}
