package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.support.ShellRun;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tensor-parallel checkpoint that does not say how weights are split, and a file that does. */
class TensorRulesTest {
  private static final Path FIXTURES = ShellRun.CHECKOUT.resolve("src/test/resources/parallel");
  private static final Path PAGE = ShellRun.CHECKOUT.resolve("src/site/markdown/formats.md");

  @TempDir private Path temporary;

  private CommandRun consolidate(String fixture, String rules, String... more) throws IOException {
    Path file = Files.writeString(temporary.resolve("rules.json"), rules);
    List<String> command =
        new ArrayList<>(
            List.of(
                "consolidate",
                withoutRules(fixture).toString(),
                temporary.resolve("out").toString(),
                "--dtype",
                "f32",
                "--tp-rules",
                file.toString()));
    command.addAll(List.of(more));
    return CommandRun.of(command.toArray(String[]::new));
  }

  /** Copies a checkpoint and gives another name to what it says of the split. */
  private Path withoutRules(String fixture) throws IOException {
    Path save = Files.createDirectories(temporary.resolve("in"));
    try (var files = Files.list(FIXTURES.resolve(fixture).resolve("global_step3"))) {
      for (Path file : files.toList()) {
        Path copy = Files.copy(file, save.resolve(file.getFileName()));
        if (copy.toString().endsWith("model_states.pt")) {
          PatchedPickle.of(copy).hide("universal_checkpoint_info").write();
        }
      }
    }
    return save;
  }

  /** Returns the file that the page shows. */
  private static String shown() throws IOException {
    String page = Files.readString(PAGE);
    int begin = page.indexOf("```json\n", page.indexOf("### Rules of tensor parallelism")) + 8;
    return page.substring(begin, page.indexOf("```", begin));
  }

  @Test
  void theFileThatThePageShowsMakesTheModel() throws IOException {
    CommandRun run = consolidate("tp2_z1_w2_llama", shown());
    assertEquals(0, run.exitCode(), run.err());
    ExpectedTensors.requireEqual(
        FIXTURES.resolve("tp2_z1_w2_llama/expected_fp32.safetensors"),
        temporary.resolve("out/model.safetensors"),
        DType.F32,
        false);
  }

  @Test
  void sizesInOneWeightAreSplitEachByItself() throws IOException {
    CommandRun run =
        consolidate(
            "tp2_z1_w4_phi3_fused_gqa",
            """
            {"tp_replicated_parameter_patterns":
               ["model\\\\.embed_tokens\\\\.", ".*norm\\\\.weight$", "lm_head\\\\."],
             "parameter_with_row_parallelism_patterns": [".*\\\\.(o_proj|down_proj)\\\\.weight$"],
             "parameter_with_sub_params": [
               {"patterns": [".*qkv_proj"], "shape": [[32, 16, 16], -1], "partition_dim": 0},
               {"patterns": [".*gate_up_proj"], "shape": [[SIZE, SIZE], -1], "partition_dim": 0}]}
            """
                .replace("SIZE", "48"));
    assertEquals(0, run.exitCode(), run.err());
    ExpectedTensors.requireEqual(
        FIXTURES.resolve("tp2_z1_w4_phi3_fused_gqa/expected_fp32.safetensors"),
        temporary.resolve("out/model.safetensors"),
        DType.F32,
        false);
  }

  @Test
  void weightThatDiffersBetweenRanksIsNotWholeOnEach() throws IOException {
    CommandRun run =
        consolidate("tp2_z1_w2_llama", shown().replace("model\\\\.embed_tokens\\\\.", ".*"));
    assertEquals(1, run.exitCode(), run.err());
    assertTrue(run.err().contains("replicas of a tensor differ: tensor="), run.err());
  }

  @Test
  void ranksOfOtherShapesAreNotSplitAlongThatDimension() throws IOException {
    CommandRun run =
        consolidate("tp2_z1_w2_llama_uneven", shown().replace("(o_proj|down_proj)", "none"));
    assertEquals(1, run.exitCode(), run.err());
    assertTrue(run.err().contains("parameter is not split as recorded: parameter="), run.err());
  }

  @Test
  void wholeOfAnotherShapeThanTheConfigSaysIsRefused() throws IOException {
    CommandRun run =
        consolidate(
            "tp2_z1_w2_llama",
            shown().replace("(o_proj|down_proj)", "none"),
            "--hf",
            FIXTURES.resolve("tp2_z1_w2_llama").toString());
    assertEquals(2, run.exitCode(), run.err());
    assertTrue(run.err().contains("this would not be the model: "), run.err());
  }

  @Test
  void fileWithoutRulesIsRefused() throws IOException {
    CommandRun run = consolidate("tp2_z1_w2_llama", "{\"rows\": []}");
    assertEquals(1, run.exitCode(), run.err());
    assertTrue(run.err().contains("no rules of tensor parallelism: "), run.err());
  }
}
