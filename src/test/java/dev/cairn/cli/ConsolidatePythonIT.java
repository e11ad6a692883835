package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.support.PythonScript;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Consolidated folders are models that transformers takes for its own. */
@Tag("processes")
@Tag("python")
class ConsolidatePythonIT {
  /** The script that made these two gave the last norm parameters and buffers of its own. */
  private static final List<String> WITH_ODD_NORM =
      List.of("b_z3_w4_qwen2_tied_odd_buf", "d2_z2_w3_qwen2_tied_rr");

  private static final Path SCRIPT = Path.of("src/test/python/load_consolidated.py");

  @TempDir private Path folder;

  @Test
  void transformersLoadsEveryModelWithTheWeightsThatTheEngineHeld() throws Exception {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(model("a_z3_w2_llama", "--max-shard-size=30KB"));
    arguments.addAll(model("c_z3_w2_olmo2_frozen"));
    arguments.addAll(model("h_z3_w2_fp16"));
    for (String name : WITH_ODD_NORM) {
      arguments.addAll(model(name));
    }
    String said =
        PythonScript.run(
            "ConsolidatePythonIT",
            folder.resolve("log"),
            5,
            SCRIPT,
            arguments.toArray(String[]::new));
    assertTrue(said.endsWith("loaded 5\n"), said);
  }

  /** Makes a model folder; returns the script's three arguments. */
  private List<String> model(String name, String... options) throws Exception {
    Fixture fixture = Fixture.of(name);
    String output = folder.resolve(name).toString();
    List<String> arguments = new ArrayList<>(List.of("consolidate", fixture.toString(), output));
    arguments.addAll(List.of("--hf", fixture.toString(), "--dtype", fixture.dtype()));
    arguments.addAll(List.of(options));
    CommandRun run = CommandRun.of(arguments.toArray(String[]::new));
    assertEquals(0, run.exitCode(), run.err());
    String norm = WITH_ODD_NORM.contains(name) ? "odd" : "plain";
    return List.of(output, fixture.expected16Bit().toString(), norm);
  }
}
