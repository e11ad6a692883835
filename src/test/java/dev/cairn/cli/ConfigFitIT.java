package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.support.PythonScript;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Resized vocabularies and heads of other tasks: transformers loads what comes of them, whole. */
@Tag("python")
class ConfigFitIT {
  private static final Path SCRIPT = Path.of("src/test/python/config_fit.py");
  private static final int FEWEST = 19;

  @TempDir Path folder;

  @Test
  @Timeout(900)
  void everyFolderLoadsAsTheModelThatWasTrained() throws Exception {
    python("make");
    List<String> wrong = new ArrayList<>();
    for (Path one : cases()) {
      CommandRun run = CommandRun.of(command(one));
      if (run.exitCode() != 0) {
        wrong.add(one.getFileName() + ": " + run.err());
      }
    }
    assertEquals(List.of(), wrong);
    List<String> lines = python("check").lines().filter(line -> line.matches("\\w+: .*")).toList();
    assertEquals(List.of(), lines.stream().filter(line -> !line.endsWith(": fine")).toList());
    assertTrue(lines.size() >= FEWEST, lines::toString);
  }

  private static String[] command(Path one) {
    String base = one.resolve("base").toString();
    String made = one.resolve("made").toString();
    return Files.exists(one.resolve("adapter"))
        ? new String[] {
          "merge-lora",
          "--base",
          base,
          "--adapter",
          one.resolve("adapter").toString(),
          "--output",
          made
        }
        : new String[] {
          "consolidate", one.resolve("weights.pt").toString(), made, "--hf", base, "--dtype", "keep"
        };
  }

  private List<Path> cases() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(Files::isDirectory).sorted().toList();
    }
  }

  private String python(String task) throws IOException, InterruptedException {
    return PythonScript.run(
        "ConfigFitIT", folder.resolve(task + ".log"), 10, SCRIPT, task, folder.toString());
  }
}
