package dev.cairn.peft.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.hf.ModelFolder;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.peft.AdapterFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Adapters' names as they are found, and not as PEFT writes them today. */
class MergedNamesTest {
  private static final String CONFIG =
      "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, \"target_modules\": [\"q_proj\"]}";
  private static final String Q = AdapterFiles.Q;
  private static final SaveOptions OPTIONS =
      SaveOptions.builder().keepDtypes().durability(Durability.FAST).build();

  @TempDir Path folder;

  private Path merge(AdapterFiles base, AdapterFiles adapter, String config) throws IOException {
    Path output = folder.resolve("merged");
    LoraMerge.merge(
        base.writeBase(folder.resolve("base")),
        adapter.writeAdapter(folder.resolve("adapter"), config),
        output,
        OPTIONS);
    return output;
  }

  private static float first(Path model, String name) throws IOException {
    try (ModelFolder open = ModelFolder.open(model)) {
      ByteBuffer bytes = ByteBuffer.allocateDirect(4).order(ByteOrder.LITTLE_ENDIAN);
      open.read(name, 0, bytes);
      return bytes.flip().getFloat();
    }
  }

  @Test
  void adapterOfTheBareModelIsMergedIntoAModelWithAHead() throws IOException {
    AdapterFiles bare =
        new AdapterFiles()
            .add("base_model.model.layers.0.self_attn.q_proj.lora_A.weight", 2, 4)
            .add("base_model.model.layers.0.self_attn.q_proj.lora_B.weight", 4, 2);
    Path merged = merge(AdapterFiles.base(), bare, CONFIG);
    assertEquals(23, first(merged, Q + ".weight"));
  }

  @Test
  void adaptersNameLeftInNamesIsNoPartOfThem() throws IOException {
    AdapterFiles left =
        new AdapterFiles()
            .add(AdapterFiles.PREFIX + Q + ".lora_A.default.weight", 2, 4)
            .add(AdapterFiles.PREFIX + Q + ".lora_B.default.weight", 4, 2)
            .add(AdapterFiles.PREFIX + "lm_head.modules_to_save.default.weight", 5, 4);
    Path merged =
        merge(
            AdapterFiles.base(),
            left,
            CONFIG.replace("}", ", \"modules_to_save\": [\"lm_head\"]}"));
    assertEquals(23, first(merged, Q + ".weight"));
  }

  @ParameterizedTest
  @CsvSource({
    AdapterFiles.Q + ".lora_A.second.weight, 2, 4",
    AdapterFiles.Q + ".lora_B.second.weight, 4, 2",
    "lm_head.modules_to_save.second.weight, 5, 4"
  })
  void stateDictOfTwoAdaptersIsRefused(String other, long rows, long columns) {
    AdapterFiles two =
        new AdapterFiles()
            .add(AdapterFiles.PREFIX + Q + ".lora_A.default.weight", 2, 4)
            .add(AdapterFiles.PREFIX + Q + ".lora_B.default.weight", 4, 2)
            .add(AdapterFiles.PREFIX + "lm_head.modules_to_save.default.weight", 5, 4)
            .add(AdapterFiles.PREFIX + other, rows, columns);
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                merge(
                    AdapterFiles.base(),
                    two,
                    CONFIG.replace("}", ", \"modules_to_save\": [\"lm_head\"]}")));
    assertTrue(refused.getMessage().contains(other), refused.getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    "lora_magnitude_vector",
    "lora_magnitude_vector.weight",
    "lora_magnitude_vector.default",
    "lora_magnitude_vector.default.weight"
  })
  void lengthsOfDoraAreFoundUnderEveryNameThatTheyHaveHad(String name) throws IOException {
    AdapterFiles adapter = AdapterFiles.adapter().add(AdapterFiles.PREFIX + Q + "." + name, 4);
    Path merged = merge(AdapterFiles.base(), adapter, CONFIG.replace("}", ", \"use_dora\": true}"));
    double length = Math.sqrt(23 * 23 + 30 * 30 + 37 * 37 + 44 * 44);
    assertEquals(23 / length, first(merged, Q + ".weight"), 1e-6);
  }

  @Test
  void equalHeadOfATyingBaseStaysTied() throws IOException {
    AdapterFiles base =
        AdapterFiles.base()
            .modelConfig("{\"model_type\": \"llama\", \"tie_word_embeddings\": true}");
    AdapterFiles adapter =
        new AdapterFiles()
            .add(AdapterFiles.PREFIX + "lm_head.lora_A.weight", 2, 4)
            .add(AdapterFiles.PREFIX + "lm_head.lora_B.weight", 5, 2);
    Path merged = merge(base, adapter, CONFIG.replace("q_proj", "lm_head"));
    assertEquals(23, first(merged, "model.embed_tokens.weight"));
  }

  @Test
  void namesInTheMemoryOfAVisionModelAreThoseOfItsFiles() throws IOException {
    String inFiles = "language_model.model.layers.0.self_attn.q_proj";
    String inMemory = "model.language_model.layers.0.self_attn.q_proj";
    for (String module : new String[] {inFiles, inMemory}) {
      AdapterFiles base =
          new AdapterFiles()
              .add(inFiles + ".weight", 4, 4)
              .modelConfig(
                  "{\"architectures\": [\"LlavaForConditionalGeneration\"], \"auto_map\": {},"
                      + " \"model_type\": \"llava\"}");
      AdapterFiles adapter =
          new AdapterFiles()
              .add(AdapterFiles.PREFIX + module + ".lora_A.weight", 2, 4)
              .add(AdapterFiles.PREFIX + module + ".lora_B.weight", 4, 2);
      Path output = folder.resolve("of" + module);
      LoraMerge.merge(
          base.writeBase(folder.resolve("base")),
          adapter.writeAdapter(folder.resolve("adapter"), CONFIG),
          output,
          OPTIONS);
      assertEquals(23, first(output, inFiles + ".weight"), module);
    }
  }

  @Test
  void headThatDiffersFromTheEmbeddingIsNotTiedWhateverTheConfigSays() throws IOException {
    AdapterFiles base =
        AdapterFiles.base()
            .add("lm_head.weight", 6, 4)
            .modelConfig("{\"model_type\": \"llama\", \"tie_word_embeddings\": true}");
    AdapterFiles adapter =
        new AdapterFiles()
            .add(AdapterFiles.PREFIX + "lm_head.lora_A.weight", 2, 4)
            .add(AdapterFiles.PREFIX + "lm_head.lora_B.weight", 6, 2);
    Path merged = merge(base, adapter, CONFIG.replace("q_proj", "lm_head"));
    assertEquals(1, first(merged, "model.embed_tokens.weight"));
    assertEquals(23, first(merged, "lm_head.weight"));
  }

  @Test
  void weightThatIsJoinedWithOthersInTheFilesIsMergedIntoItsPart() throws IOException {
    AdapterFiles base =
        new AdapterFiles()
            .add("attn.Wqkv.weight", 12, 4)
            .modelConfig("{\"architectures\": [\"X\"], \"model_type\": \"nomic_bert\"}");
    String module = AdapterFiles.PREFIX + "self_attn.q_proj";
    AdapterFiles adapter =
        new AdapterFiles()
            .add(module + ".lora_A.weight", 2, 4)
            .add(module + ".lora_B.weight", 4, 2);
    Path merged = merge(base, adapter, CONFIG);
    assertEquals(23, first(merged, "attn.Wqkv.weight"));
  }
}
