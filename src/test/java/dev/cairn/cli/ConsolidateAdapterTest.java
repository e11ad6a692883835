package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.deepspeed.MadeUpCheckpoint;
import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelFolder;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code cairn consolidate} with {@code --adapter-config} and {@code --raw-names}. */
class ConsolidateAdapterTest {
  @TempDir private Path folder;

  private CommandRun consolidate(Path checkpoint, String... options) {
    return CommandRun.of(
        Stream.concat(
                Stream.of("consolidate", checkpoint.toString(), out("").toString()),
                Stream.of(options))
            .toArray(String[]::new));
  }

  private Path out(String file) {
    return folder.resolve("out").resolve(file);
  }

  private static Path peft() throws IOException {
    return Fixture.of("f_z3_w2_lora").folder().resolve("peft");
  }

  private static CommandRun assertFine(CommandRun run) {
    assertEquals(0, run.exitCode(), run.err());
    // made-up weights of the live engine are others than the masters, and a note says so
    assertTrue(run.err().isEmpty() || run.err().startsWith("reading the F32 masters: "), run.err());
    return run;
  }

  @Test
  void adapterFolderIsTheOneThatPeftWrites() throws IOException {
    String config = peft().resolve("adapter_config.json").toString();
    assertFine(consolidate(Fixture.of("f_z3_w2_lora").folder(), "--adapter-config", config));
    for (String file : List.of("adapter_model.safetensors", "adapter_config.json")) {
      assertArrayEquals(
          Files.readAllBytes(peft().resolve(file)), Files.readAllBytes(out(file)), file);
    }
    assertFalse(Files.exists(out("model.safetensors")));
  }

  @Test
  void adapterIsCastOnRequest() throws IOException {
    String config = peft().toString();
    assertFine(
        consolidate(
            Fixture.of("f_z3_w2_lora").folder(), "--adapter-config", config, "--dtype", "f32"));
    CommandRun inspect = CommandRun.of("inspect", out("adapter_model.safetensors").toString());
    assertTrue(inspect.out().contains("\nF32: 12 tensors, "), inspect.out());
  }

  @Test
  void adapterThatIsNotThereIsBadInputAndNothingIsLeft() throws IOException {
    Path lora = Fixture.of("f_z3_w2_lora").folder();
    CommandRun run = consolidate(lora, "--adapter-config", peft().toString(), "--adapter", "other");
    assertEquals(1, run.exitCode(), run.err());
    assertTrue(run.err().contains("other"), run.err());
    Path plain = Fixture.of("a_z3_w2_llama").folder();
    assertEquals(1, consolidate(plain, "--adapter-config", peft().toString()).exitCode());
    assertEquals(2, consolidate(lora, "--adapter-config", out("gone").toString()).exitCode());
    CommandRun unnamed = consolidate(lora, "--adapter", "other");
    assertEquals(2, unnamed.exitCode(), unnamed.err());
    assertEquals("cairn consolidate: --adapter=other needs --adapter-config\n", unnamed.err());
    assertFalse(Files.exists(out("")));
  }

  /** No loader takes PEFT's names for those of a model, whatever its config says or leaves out. */
  @Test
  void namesOfPeftAreNoModel() throws IOException {
    String lora = Fixture.of("f_z3_w2_lora").folder().toString();
    CommandRun run = consolidate(Path.of(lora), "--hf", lora);
    assertEquals(2, run.exitCode(), run.out());
    assertEquals(
        "cairn consolidate: this would not be the model: 33 tensors of a PEFT model, first"
            + " base_model.model.model.embed_tokens.weight; these are PEFT's names: save the adapter"
            + " (--adapter-config), or merge it first; to write it all the same, ask for it"
            + " unchecked (--unchecked)\n",
        run.err());
    assertFalse(Files.exists(out("")));
    assertFine(consolidate(Path.of(lora), "--hf", lora, "--unchecked"));
    assertEquals(1, CommandRun.of("verify", out("").toString()).exitCode());
  }

  /** Frozen weights may be left out, but what is there must be the model's. */
  @Test
  void namesOfPeftAreNoModelWithoutFrozenOnesEither() throws IOException {
    String lora = Fixture.of("f_z3_w2_lora").folder().toString();
    CommandRun run = consolidate(Path.of(lora), "--hf", lora, "--exclude-frozen");
    assertEquals(2, run.exitCode(), run.out());
    assertTrue(run.err().contains("these are PEFT's names"), run.err());
    assertFalse(Files.exists(out("")));
  }

  @Test
  void folderThatIsNoModelIsNoBase() throws IOException {
    Path llama = Fixture.of("a_z3_w2_llama").folder();
    CommandRun run = consolidate(llama, "--hf", peft().toString());
    assertEquals(2, run.exitCode(), run.out());
    assertEquals(
        "cairn consolidate: a LoRA adapter where a base model is expected: path=%s; it has adapter_config.json and no config.json; give the model that it was trained on as --hf\n"
            .formatted(peft()),
        run.err());
    CommandRun without = consolidate(llama, "--missing-from-base");
    assertEquals(2, without.exitCode(), without.out());
    assertEquals("cairn consolidate: --missing-from-base needs --hf BASE_DIR\n", without.err());
  }

  private static final String LAYER = "base_model.model.layers.0.q_proj.";
  private static final List<String> SAVED =
      List.of(LAYER + "lora_A.weight", LAYER + "lora_B.weight");

  /** Makes a policy with two adapters beside a value head, and a config for both. */
  private Path composite(int stage, int worldSize) throws IOException {
    Files.writeString(
        folder.resolve("lora.json"),
        "{\"peft_type\": \"LORA\", \"r\": 2, \"target_modules\": [\"q_proj\"]}");
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("policy." + LAYER + "base_layer.weight", Shape.of(5, 3));
    for (String adapter : List.of("default", "second")) {
      shapes.put("policy." + LAYER + "lora_A." + adapter + ".weight", Shape.of(2, 3));
      shapes.put("policy." + LAYER + "lora_B." + adapter + ".weight", Shape.of(5, 2));
    }
    shapes.put("value.weight", Shape.of(1, 5));
    return new MadeUpCheckpoint(stage, worldSize)
        .group(shapes)
        .write(Files.createDirectory(folder.resolve("in")));
  }

  /** Asserts that a folder holds an adapter of the checkpoint, and nothing else. */
  private void assertAdapter(String adapter, Path saved, Path checkpoint) throws IOException {
    Path whole = folder.resolve("whole");
    assertFine(
        CommandRun.of(
            "consolidate", checkpoint.toString(), whole.toString(), "--dtype=keep", "--raw-names"));
    assertTrue(Files.exists(saved.resolve("adapter_config.json")));
    try (ModelFolder actual = ModelFolder.open(saved.resolve("adapter_model.safetensors"));
        ModelFolder expected = ModelFolder.open(whole)) {
      assertEquals(SAVED, actual.tensors().stream().map(tensor -> tensor.name()).sorted().toList());
      for (String name : SAVED) {
        String held = "policy." + name.replace(".weight", "." + adapter + ".weight");
        assertEquals(bytes(expected, held), bytes(actual, name), name);
      }
    }
  }

  private static ByteBuffer bytes(ModelFolder model, String name) throws IOException {
    FolderTensor tensor = model.find(name).orElseThrow();
    long lengthBytes = tensor.dtype().bytes(tensor.shape().elements());
    ByteBuffer bytes = ByteBuffer.allocateDirect((int) lengthBytes);
    model.read(name, 0, bytes);
    return bytes.flip();
  }

  @ParameterizedTest
  @CsvSource({"3, 2", "2, 3"})
  void adapterOfAnAttributeIsTakenOutOfACompositeModel(int stage, int worldSize)
      throws IOException {
    Path checkpoint = composite(stage, worldSize);
    String config = folder.resolve("lora.json").toString();
    assertFine(consolidate(checkpoint, "--attribute=policy", "--adapter-config", config));
    assertAdapter("default", out(""), checkpoint);
  }

  @ParameterizedTest
  @CsvSource({"3, 3", "2, 2"})
  void namedAdapterIsInItsSubfolder(int stage, int worldSize) throws IOException {
    Path checkpoint = composite(stage, worldSize);
    String config = folder.resolve("lora.json").toString();
    assertFine(
        consolidate(
            checkpoint, "--attribute=policy", "--adapter-config", config, "--adapter=second"));
    assertAdapter("second", out("second"), checkpoint);
    assertFalse(Files.exists(out("adapter_model.safetensors")));
  }

  @Test
  void expertsAreSplitUnlessTheirNamesAreTakenRaw() throws IOException {
    Path base = Files.createDirectory(folder.resolve("base"));
    Files.writeString(base.resolve("config.json"), "{\"model_type\": \"mixtral\"}");
    Path checkpoint =
        new MadeUpCheckpoint(3, 2)
            .group(Map.of("model.layers.0.mlp.experts.gate_up_proj", Shape.of(2, 4, 3)))
            .write(Files.createDirectory(folder.resolve("in")));
    assertFine(consolidate(checkpoint, "--hf", base.toString()));
    String split = CommandRun.of("inspect", out("").toString()).out();
    assertTrue(split.contains("model.layers.0.block_sparse_moe.experts.1.w3.weight"), split);
    assertFine(consolidate(checkpoint, "--hf", base.toString(), "--raw-names", "--overwrite"));
    String raw = CommandRun.of("inspect", out("").toString()).out();
    assertTrue(raw.contains("model.layers.0.mlp.experts.gate_up_proj"), raw);
  }
}
