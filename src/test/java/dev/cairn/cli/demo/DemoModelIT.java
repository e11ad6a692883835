package dev.cairn.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.hf.ModelFolder;
import dev.cairn.json.Golden;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.support.ShellRun;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bin/cairn demo --from}: what of a folder's model is saved, and what lies beside it. */
@Tag("processes")
class DemoModelIT {
  private static final String FUSED = "policy.layers.0.mlp.experts.gate_up_proj";

  @TempDir private Path folder;

  @BeforeEach
  void makeCompositeWithTokenizer() throws IOException {
    Path model = Files.createDirectory(folder.resolve("composite"));
    try (Stream<Path> files = Files.list(Golden.path("tokenizers/config_template"))) {
      for (Path file : files.toList()) {
        Files.copy(file, model.resolve(file.getFileName().toString()));
      }
    }
    Files.writeString(model.resolve("config.json"), "{\"model_type\": \"mixtral\"}");
    Header header =
        Header.of(
            Header.PYTORCH_METADATA,
            List.of(
                new TensorInfo(FUSED, DType.F32, Shape.of(2, 8, 4)),
                new TensorInfo("policy.norm.weight", DType.F32, Shape.of(5)),
                new TensorInfo("value_head.weight", DType.F32, Shape.of(1, 5))));
    Path file = model.resolve("model.safetensors");
    Files.write(file, header.encode());
    long dataBytes = header.fileLengthBytes() - header.dataOffset();
    Files.write(file, new byte[(int) dataBytes], StandardOpenOption.APPEND);
  }

  @Test
  void attributeIsSavedWithoutItsPrefix() throws Exception {
    ShellRun run = demo("--attribute", "policy", "--raw-names");
    assertEquals(0, run.exitCode(), run.err());
    try (ModelFolder saved = ModelFolder.open(folder.resolve("out"))) {
      assertEquals(
          List.of("layers.0.mlp.experts.gate_up_proj", "norm.weight"),
          saved.tensors().stream().map(tensor -> tensor.name()).sorted().toList());
    }
  }

  @Test
  void attributeThatMatchesNothingIsRefused() throws Exception {
    refused(
        "no such attribute: attribute=critic, expected one of [policy, value_head]",
        "--attribute=critic");
  }

  @Test
  void expertsThatTheFolderHasStackedStaySo() throws Exception {
    ShellRun run = demo("--ranks=2");
    assertEquals(0, run.exitCode(), run.err());
    try (ModelFolder saved = ModelFolder.open(folder.resolve("out"))) {
      assertTrue(saved.find(FUSED).isPresent(), FUSED);
    }
  }

  @Test
  void chatTemplateDecidesTheGenerationConfig() throws Exception {
    ShellRun run = demo("--raw-names", "--chat-template-name", "olmo_thinker");
    assertEquals(0, run.exitCode(), run.err());
    assertEquals(
        """
        {
          "eos_token_id": [
            292,
            290
          ],
          "transformers_version": "5.18.0"
        }
        """,
        Files.readString(folder.resolve("out/generation_config.json")));
  }

  @Test
  void badGenerationConfigIsCopiedWithAWarning() throws Exception {
    String bad = "{\"top_p\": 0.9}";
    Files.writeString(folder.resolve("composite/generation_config.json"), bad);
    ShellRun run = demo("--raw-names");
    assertEquals(0, run.exitCode(), run.err());
    String problem = "top_p=0.9, expected 1.0 or unset while do_sample is not true";
    assertTrue(run.err().contains(problem), run.err());
    assertEquals(bad, Files.readString(folder.resolve("out/generation_config.json")));
  }

  @Test
  void madeUpModelHasNoChatTemplate() throws Exception {
    ShellRun run =
        ShellRun.cairn(folder, "demo", "--chat-template-name", "olmo", "--output", "out");
    assertEquals(2, run.exitCode(), run.err());
    assertTrue(run.err().contains("expected --from beside it"), run.err());
  }

  private void refused(String message, String option) throws Exception {
    ShellRun run = demo(option);
    assertEquals(2, run.exitCode(), run.err());
    assertTrue(run.err().contains(message), run.err());
    assertFalse(Files.exists(folder.resolve("out")));
  }

  private ShellRun demo(String... options) throws IOException, InterruptedException {
    List<String> arguments =
        Stream.concat(
                Stream.of("demo", "--from", "composite", "--output", "out"), Stream.of(options))
            .toList();
    return ShellRun.cairn(folder, arguments.toArray(String[]::new));
  }
}
