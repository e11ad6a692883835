package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.support.PythonScript;
import dev.cairn.support.ShellRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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

  private static final String LOAD =
      """
      import sys, torch
      from safetensors.torch import load_file
      from transformers import AutoModelForCausalLM
      for folder, expected, odd in zip(sys.argv[1::3], sys.argv[2::3], sys.argv[3::3]):
          model, info = AutoModelForCausalLM.from_pretrained(
              folder, output_loading_info=True, dtype="auto")
          expected = load_file(expected)
          norm = {key for key in expected if key.startswith("model.norm.")} if odd == "odd" else set()
          found = {key: set(info[key]) for key in ("missing_keys", "unexpected_keys")}
          wanted = {"missing_keys": {"model.norm.weight"} if norm else set(), "unexpected_keys": norm}
          assert found == wanted and not info["mismatched_keys"], (folder, info)
          state = model.state_dict()
          assert state.keys() - {"model.norm.weight"} == expected.keys() - norm - {"model.norm.weight"}
          for name in expected.keys() - norm:
              assert state[name].dtype == expected[name].dtype, (folder, name, state[name].dtype)
              assert torch.equal(state[name], expected[name]), (folder, name)
          tied = model.config.tie_word_embeddings
          assert tied == bool(norm), (folder, tied)
          if tied:
              assert model.lm_head.weight is model.model.embed_tokens.weight, folder
          if not norm:
              assert torch.isfinite(model(torch.arange(8)[None]).logits).all(), folder
      print("loaded", len(sys.argv[1::3]))
      """;

  @TempDir private Path folder;

  @Test
  void transformersLoadsEveryModelWithTheWeightsThatTheEngineHeld() throws Exception {
    String python = PythonScript.pythonWith("ConsolidatePythonIT", "transformers");
    List<String> command = new ArrayList<>(List.of(python, "-c", LOAD));
    command.addAll(model("a_z3_w2_llama", "--max-shard-size=30KB"));
    command.addAll(model("c_z3_w2_olmo2_frozen"));
    command.addAll(model("h_z3_w2_fp16"));
    for (String name : WITH_ODD_NORM) {
      command.addAll(model(name));
    }
    ShellRun load = ShellRun.of(folder, Map.of("HF_HUB_OFFLINE", "1"), command);
    assertEquals(0, load.exitCode(), load.err());
    assertEquals("loaded 5", load.out().strip());
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
