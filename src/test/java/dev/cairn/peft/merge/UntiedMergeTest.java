package dev.cairn.peft.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelFolder;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.peft.AdapterFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bases that tie their weights, and adapters of which a module was trained whole. */
class UntiedMergeTest {
  private static final String CONFIG =
      "{\"peft_type\": \"LORA\", \"r\": 2, \"modules_to_save\": [\"%s\"]}";

  @TempDir Path folder;

  private Path merge(AdapterFiles base, String module) throws IOException {
    Path output = folder.resolve("merged");
    LoraMerge.merge(
        base.writeBase(folder.resolve("base")),
        new AdapterFiles()
            .add(AdapterFiles.PREFIX + module + ".weight", 5, 4)
            .writeAdapter(folder.resolve("adapter"), CONFIG.formatted(module)),
        output,
        SaveOptions.builder().keepDtypes().durability(Durability.FAST).build());
    return output;
  }

  private static AdapterFiles t5(String config) {
    return new AdapterFiles().add("shared.weight", 5, 4).modelConfig(config);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "the file says nothing, and loaders scale | {\"model_type\": \"t5\"} | true",
        "it says that they do | {\"model_type\": \"longt5\", \"tie_word_embeddings\": true} | true",
        "it says both | {\"model_type\": \"t5\", \"scale_decoder_outputs\": false} | false",
        "tie_word_embeddings also says that they do not |"
            + " {\"model_type\": \"t5\", \"tie_word_embeddings\": false} | null",
        "others have no such thing | {\"model_type\": \"mt5\"} | null"
      })
  void t5GoesOnScalingWhatGoesIntoItsHead(String why, String config, String scales)
      throws IOException {
    ModelConfig merged = ModelConfig.find(merge(t5(config), "lm_head")).orElseThrow();
    assertEquals(scales, String.valueOf(merged.tree().get("scale_decoder_outputs")), why);
    assertEquals(false, merged.tree().get("tie_word_embeddings"), why);
  }

  @Test
  void modelThatScalesOnlyWhileItTiesIsRefused() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> merge(t5("{\"model_type\": \"switch_transformers\"}"), "lm_head"));
    assertTrue(refused.getMessage().contains("switch_transformers"), refused.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "BertForMaskedLM | bert | bert.embeddings.word_embeddings | cls.predictions.decoder |"
            + " cls.predictions.decoder",
        "BertForMaskedLM | bert | bert.embeddings.word_embeddings |"
            + " bert.embeddings.word_embeddings | cls.predictions.decoder",
        "WhisperForConditionalGeneration | whisper | model.decoder.embed_tokens | proj_out |"
            + " proj_out",
        "BartForConditionalGeneration | bart | model.shared | lm_head |"
            + " lm_head model.decoder.embed_tokens model.encoder.embed_tokens",
        "BartForConditionalGeneration | bart | model.shared | model.encoder.embed_tokens |"
            + " lm_head model.decoder.embed_tokens model.encoder.embed_tokens",
        "LlamaForCausalLM | llama | model.embed_tokens | lm_head | lm_head"
      })
  void everyWeightThatWasTheSameIsWrittenUnderTheNameThatTheModelHas(
      String architecture, String type, String stored, String trained, String written)
      throws IOException {
    AdapterFiles base =
        new AdapterFiles()
            .add(stored + ".weight", 5, 4)
            .modelConfig(
                "{\"architectures\": [\"%s\"], \"model_type\": \"%s\", \"auto_map\": {},"
                        .formatted(architecture, type)
                    + " \"tie_word_embeddings\": true}");
    Set<String> expected =
        Arrays.stream(written.split(" ")).map(name -> name + ".weight").collect(Collectors.toSet());
    expected.add(stored + ".weight");
    try (ModelFolder merged = ModelFolder.open(merge(base, trained))) {
      assertEquals(
          new TreeSet<>(expected),
          merged.tensors().stream()
              .map(FolderTensor::name)
              .collect(Collectors.toCollection(TreeSet::new)));
    }
  }
}
