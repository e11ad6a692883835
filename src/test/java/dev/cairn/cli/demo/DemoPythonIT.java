package dev.cairn.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.support.PythonScript;
import dev.cairn.support.ShellRun;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The made-up model is one that transformers takes for its own. */
@Tag("processes")
@Tag("python")
class DemoPythonIT {
  private static final String LOAD =
      """
      import sys, torch
      from transformers import AutoModelForCausalLM, GenerationConfig
      model, info = AutoModelForCausalLM.from_pretrained(
          sys.argv[1], output_loading_info=True, dtype="auto")
      found = {key: list(info[key]) for key in ("missing_keys", "unexpected_keys", "mismatched_keys")}
      assert not any(found.values()), found
      assert model.dtype == torch.bfloat16, model.dtype
      assert torch.isfinite(model(torch.arange(8)[None]).logits).all()
      assert GenerationConfig.from_pretrained(sys.argv[1]).eos_token_id == 2
      print(type(model).__name__, sum(p.numel() for p in model.parameters()))
      """;

  @TempDir private Path folder;

  @Test
  void transformersLoadsTheMadeUpModelWithoutAMissingOrUnexpectedKey() throws Exception {
    String python = PythonScript.pythonWith("DemoPythonIT", "transformers");
    ShellRun demo =
        ShellRun.cairn(folder, "demo", "--parameters=2M", "--max-shard-size=2MB", "--output=out");
    assertEquals(0, demo.exitCode(), demo.err());
    ShellRun load =
        ShellRun.of(
            folder,
            Map.of("HF_HUB_OFFLINE", "1"),
            List.of(python, "-c", LOAD, folder.resolve("out").toString()));
    assertEquals(0, load.exitCode(), load.err());
    long parameters = LlamaShape.closestTo(2_000_000).parameters();
    assertEquals("LlamaForCausalLM " + parameters, load.out().strip());
  }
}
