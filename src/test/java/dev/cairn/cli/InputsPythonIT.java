package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.support.PythonScript;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What torch itself wrote is, consolidated, tensor for tensor what torch loads of it. */
@Tag("processes")
@Tag("python")
class InputsPythonIT {
  private static final Path SCRIPT = Path.of("src/test/python/interop_inputs.py");

  @TempDir private Path folder;

  @Test
  void consolidatedTensorsAreThoseThatTorchLoads() throws Exception {
    python("make");
    Path output = Files.createDirectory(folder.resolve("out"));
    List<String> lines = Files.readAllLines(folder.resolve("cases.tsv"));
    for (String line : lines) {
      List<String> fields = List.of(line.split("\t"));
      List<String> command = new ArrayList<>(List.of("consolidate", fields.get(1)));
      command.add(output.resolve(fields.get(0)).toString());
      command.addAll(fields.subList(2, fields.size()));
      CommandRun run = CommandRun.of(command.toArray(String[]::new));
      assertEquals(0, run.exitCode(), fields.get(0) + ": " + run.err());
      CommandRun inspect = CommandRun.of("inspect", fields.get(1), "--json");
      assertEquals(0, inspect.exitCode(), fields.get(0) + ": " + inspect.err());
    }
    String said = python("check");
    assertEquals(lines.size(), said.lines().filter(line -> line.startsWith("same ")).count(), said);
    assertTrue(lines.size() >= 20, said);
  }

  @Test
  void mergeIsTheSameFromEveryFormOfBaseAndAdapter() throws Exception {
    python("merge");
    byte[] expected = merged("safetensors", "safetensors");
    for (String base : List.of("zip", "legacy", "shards")) {
      for (String adapter : List.of("safetensors", "zip", "legacy")) {
        assertArrayEquals(expected, merged(base, adapter), base + " and " + adapter);
      }
    }
  }

  private byte[] merged(String base, String adapter) throws Exception {
    Path output = folder.resolve("merged-" + base + "-" + adapter);
    CommandRun run =
        CommandRun.of(
            "merge-lora",
            "--base",
            folder.resolve("base-" + base).toString(),
            "--adapter",
            folder.resolve("adapter-" + adapter).toString(),
            "--output",
            output.toString());
    assertEquals(0, run.exitCode(), run.err());
    return Files.readAllBytes(output.resolve("model.safetensors"));
  }

  private String python(String task) throws Exception {
    return PythonScript.run(
        "InputsPythonIT", folder.resolve(task + ".log"), 5, SCRIPT, task, folder.toString());
  }
}
