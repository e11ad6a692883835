package dev.cairn.peft.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoraMergeTest {
  private static final String CONFIG =
      "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, \"target_modules\": [\"q_proj\"]}";
  private static final String Q = AdapterFiles.Q;
  private static final String LORA_A = AdapterFiles.PREFIX + Q + ".lora_A.weight";
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

  private static float[] read(Path model, String name) throws IOException {
    try (ModelFolder open = ModelFolder.open(model)) {
      int elements = (int) open.find(name).orElseThrow().shape().elements();
      ByteBuffer bytes = ByteBuffer.allocateDirect(4 * elements).order(ByteOrder.LITTLE_ENDIAN);
      open.read(name, 0, bytes);
      float[] floats = new float[elements];
      bytes.flip().asFloatBuffer().get(floats);
      return floats;
    }
  }

  private void assertRefused(String part, AdapterFiles base, AdapterFiles adapter, String config)
      throws IOException {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> merge(base, adapter, config));
    assertTrue(refused.getMessage().contains(part), refused.getMessage());
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(
          List.of("adapter", "base"),
          left.map(path -> path.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  void productIsScaledAndAddedToItsTargetAlone() throws IOException {
    Path merged = merge(AdapterFiles.base(), AdapterFiles.adapter(), CONFIG);
    // W + 2 B A, with A = [1 2 3 4; 5 6 7 8] and B = [1 2; 3 4; 5 6; 7 8]
    assertArrayEquals(
        new float[] {23, 30, 37, 44, 51, 66, 81, 96, 79, 102, 125, 148, 107, 138, 169, 200},
        read(merged, Q + ".weight"));
    assertArrayEquals(new float[] {1, 2, 3, 4}, read(merged, "model.norm.weight"));
    assertTrue(Files.exists(merged.resolve("config.json")));
  }

  @Test
  void baseWithoutTheHeadsPrefixIsFound() throws IOException {
    AdapterFiles bare = new AdapterFiles().add("layers.0.self_attn.q_proj.weight", 4, 4);
    Path merged = merge(bare, AdapterFiles.adapter(), CONFIG);
    assertEquals(23, read(merged, "layers.0.self_attn.q_proj.weight")[0]);
  }

  @ParameterizedTest
  @CsvSource({"olora", "OLORA", "Pissa_niter_4"})
  void adapterOfAChangedBaseIsRefusedHoweverItIsSpelled(String init) throws IOException {
    assertRefused(
        "adapter belongs to changed base weights: init_lora_weights=" + init,
        AdapterFiles.base(),
        AdapterFiles.adapter(),
        CONFIG.replace("}", ", \"init_lora_weights\": \"" + init + "\"}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "llama's layers are not Conv1D | {\"model_type\": \"llama\"} | true | 30",
        "nor are those of clvp's attention, as its other ones | {\"model_type\": \"clvp\"} | false"
            + " | 30",
        "gpt2's are | {\"model_type\": \"gpt2\"} | false | 48",
        "custom code is what the adapter says | {\"model_type\": \"gpt2\", \"auto_map\": {}} |"
            + " false | 30",
        "both ways | {\"model_type\": \"jais\", \"auto_map\": {}} | true | 48",
        "and so is a model of no type | {} | true | 48",
      })
  void squareWeightIsTransposedOnlyWhereTheLayerIs(
      String why, String modelConfig, boolean fanInFanOut, float second) throws IOException {
    AdapterFiles base = AdapterFiles.base().modelConfig(modelConfig);
    String config = CONFIG.replace("}", ", \"fan_in_fan_out\": " + fanInFanOut + "}");
    Path merged = merge(base, AdapterFiles.adapter(), config);
    assertEquals(second, read(merged, Q + ".weight")[1], why);
  }

  @ParameterizedTest
  @CsvSource({
    "decoder.transformer.h.0.crossattention.q_attn, 48",
    "decoder.transformer.h.0.attn.c_proj, 48",
    "encoder.layer.0.attention.self.query, 30"
  })
  void layersOfAPartThatIsGpt2AreConv1d(String module, float second) throws IOException {
    AdapterFiles base =
        new AdapterFiles()
            .add(module + ".weight", 4, 4)
            .modelConfig(
                "{\"model_type\": \"encoder-decoder\", \"decoder\": {\"model_type\": \"gpt2\"}}");
    AdapterFiles adapter =
        new AdapterFiles()
            .add(AdapterFiles.PREFIX + module + ".lora_A.weight", 2, 4)
            .add(AdapterFiles.PREFIX + module + ".lora_B.weight", 4, 2);
    Path merged = merge(base, adapter, CONFIG);
    assertEquals(second, read(merged, module + ".weight")[1]);
  }

  @Test
  void missingTargetIsRefused() throws IOException {
    assertRefused(
        "0 of 1 targets found; first missing: tensor=" + Q + ".weight",
        AdapterFiles.base().remove(Q + ".weight"),
        AdapterFiles.adapter(),
        CONFIG);
  }

  @Test
  void missingTargetOfAWholeModuleIsRefused() throws IOException {
    assertRefused(
        "1 of 2 targets found; first missing: tensor=score.weight",
        AdapterFiles.base(),
        AdapterFiles.adapter().add(AdapterFiles.PREFIX + "score.weight", 2, 4),
        CONFIG.replace("}", ", \"modules_to_save\": [\"score\"]}"));
  }

  @Test
  void shapesThatDoNotFitAreRefused() throws IOException {
    assertRefused(
        "adapter does not fit the base model: tensor=" + Q + ".weight is [4,4] F32, A=[2,3]",
        AdapterFiles.base(),
        AdapterFiles.adapter().add(LORA_A, 2, 3),
        CONFIG);
  }

  @Test
  void wholeModuleOfAnotherShapeIsRefused() throws IOException {
    assertRefused(
        "adapter does not fit the base model: target=lm_head.weight, adapter has [6,4]",
        AdapterFiles.base(),
        AdapterFiles.adapter().add(AdapterFiles.PREFIX + "lm_head.weight", 6, 4),
        CONFIG.replace("}", ", \"modules_to_save\": [\"lm_head\"]}"));
  }

  @Test
  void rankThatTheConfigDoesNotSayIsRefused() throws IOException {
    assertRefused(
        "adapter shapes do not fit",
        AdapterFiles.base(),
        AdapterFiles.adapter(),
        CONFIG.replace("\"r\": 2", "\"r\": 4"));
  }

  @Test
  void emptyAdapterIsRefused() throws IOException {
    assertRefused("empty adapter", AdapterFiles.base(), new AdapterFiles(), CONFIG);
  }

  @Test
  void tensorWithoutElementsIsRefused() throws IOException {
    assertRefused(
        "adapter tensor of no elements: tensor=" + LORA_A + ", shape=[0]",
        AdapterFiles.base(),
        AdapterFiles.adapter().add(LORA_A, 0),
        CONFIG);
  }

  @Test
  void halfOfAPairIsRefused() throws IOException {
    assertRefused(
        "has only lora_B", AdapterFiles.base(), AdapterFiles.adapter().remove(LORA_A), CONFIG);
  }

  @Test
  void otherMethodsThanLoraAreRefusedByName() throws IOException {
    assertRefused(
        "not a LoRA adapter: peft_type=LOHA",
        AdapterFiles.base(),
        AdapterFiles.adapter(),
        CONFIG.replace("LORA", "LOHA"));
  }

  @Test
  void infiniteScaleIsRefused() throws IOException {
    assertRefused(
        "r=0, expected a whole number from 1 on: the scale lora_alpha / r must be finite",
        AdapterFiles.base(),
        AdapterFiles.adapter(),
        CONFIG.replace("\"r\": 2", "\"r\": 0"));
    assertRefused(
        "lora_alpha=Infinity",
        AdapterFiles.base(),
        AdapterFiles.adapter(),
        CONFIG.replace("\"lora_alpha\": 4", "\"lora_alpha\": Infinity"));
  }

  @Test
  void adapterOfChangedBaseWeightsIsRefused() throws IOException {
    assertRefused(
        "init_lora_weights=pissa_niter_16",
        AdapterFiles.base(),
        AdapterFiles.adapter(),
        CONFIG.replace("}", ", \"init_lora_weights\": \"pissa_niter_16\"}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "use_qalora | true",
        "use_bdlora | {\"nblocks\": 2}",
        "alora_invocation_tokens | [3]",
        "arrow_config | {\"arrow_top_k\": 3}",
        "kasa_config | {\"beta\": 1e-4}",
        "monteclora_config | {\"num_samples\": 8}",
        "velora_config | {\"num_groups\": 2}",
        "layer_replication | [[0, 1]]"
      })
  void variantsThatAreNotPlainProductsAreRefused(String field, String value) throws IOException {
    assertRefused(
        "cannot merge this variant of LoRA: " + field + "=",
        AdapterFiles.base(),
        AdapterFiles.adapter(),
        CONFIG.replace("}", ", \"" + field + "\": " + value + "}"));
  }

  @Test
  void doraWithoutMagnitudesIsRefused() throws IOException {
    assertRefused(
        "has no lora_magnitude_vector, use_dora=true",
        AdapterFiles.base(),
        AdapterFiles.adapter(),
        CONFIG.replace("}", ", \"use_dora\": true}"));
  }

  @Test
  void twoDoraLayersOnOneTiedWeightAreRefused() throws IOException {
    AdapterFiles adapter = new AdapterFiles();
    for (String layer : List.of("lm_head", "model.embed_tokens")) {
      boolean isHead = layer.equals("lm_head");
      String part = AdapterFiles.PREFIX + layer + (isHead ? ".lora_" : ".lora_embedding_");
      String end = isHead ? ".weight" : "";
      adapter.add(part + "A" + end, 2, isHead ? 4 : 5).add(part + "B" + end, isHead ? 5 : 4, 2);
      adapter.add(AdapterFiles.PREFIX + layer + ".lora_magnitude_vector", isHead ? 5 : 4);
    }
    assertRefused(
        "two DoRA layers share one tied weight: tensor=model.embed_tokens.weight",
        AdapterFiles.base().modelConfig("{\"tie_word_embeddings\": true}"),
        adapter,
        CONFIG.replace("}", ", \"use_dora\": true}"));
  }

  @Test
  void targetThatExistsIsLeftAsItIs() throws IOException {
    Files.createDirectory(folder.resolve("merged"));
    IOException refused =
        assertThrows(
            IOException.class, () -> merge(AdapterFiles.base(), AdapterFiles.adapter(), CONFIG));
    assertEquals(FileAlreadyExistsException.class, refused.getCause().getClass());
    try (Stream<Path> left = Files.list(folder.resolve("merged"))) {
      assertEquals(0, left.count());
    }
  }
}
