package dev.cairn.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.support.PythonScript;
import dev.cairn.support.ShellRun;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The made-up model is one that transformers takes for its own. */
@Tag("processes")
@Tag("python")
class DemoPythonIT {
  private static final Path SCRIPT = Path.of("src/test/python/load_demo.py");

  @TempDir private Path folder;

  @Test
  void transformersLoadsTheMadeUpModelWithoutAMissingOrUnexpectedKey() throws Exception {
    ShellRun demo =
        ShellRun.cairn(folder, "demo", "--parameters=2M", "--max-shard-size=2MB", "--output=out");
    assertEquals(0, demo.exitCode(), demo.err());
    String said =
        PythonScript.run(
            "DemoPythonIT", folder.resolve("log"), 5, SCRIPT, folder.resolve("out").toString());
    long parameters = LlamaShape.closestTo(2_000_000).parameters();
    assertTrue(said.endsWith("LlamaForCausalLM " + parameters + "\n"), said);
  }
}
