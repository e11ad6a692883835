package dev.cairn.hf.fit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.hf.ModelConfig;
import dev.cairn.json.JsonNumber;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConfigFitTest {
  private static final String LLAMA =
      """
      {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8, \
      "intermediate_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 4}""";
  private static final String UNKNOWN =
      "{\"architectures\": [\"OwnForCausalLM\"], \"model_type\": \"own\", \"vocab_size\": 4}";

  private final Map<String, TensorInfo> llama = new LinkedHashMap<>();

  ConfigFitTest() {
    String layer = "model.layers.0.";
    put("model.embed_tokens.weight", 4, 8);
    for (String name : List.of("q", "k", "v", "o")) {
      put(layer + "self_attn." + name + "_proj.weight", 8, 8);
    }
    put(layer + "mlp.gate_proj.weight", 4, 8);
    put(layer + "mlp.up_proj.weight", 4, 8);
    put(layer + "mlp.down_proj.weight", 8, 4);
    put(layer + "input_layernorm.weight", 8);
    put(layer + "post_attention_layernorm.weight", 8);
    put("model.norm.weight", 8);
    put("lm_head.weight", 4, 8);
  }

  private void put(String name, long... shape) {
    llama.put(name, new TensorInfo(name, DType.BF16, Shape.of(shape)));
  }

  private List<String> changes(String config, Map<String, TensorInfo> base) throws Exception {
    ModelConfig known = ModelConfig.parse(config.getBytes(StandardCharsets.UTF_8), "test");
    List<TensorInfo> tensors = new ArrayList<>(llama.values());
    return ConfigFit.find(known, base, false, Optional.empty(), tried -> tensors)
        .map(fit -> ConfigChanges.between(known.tree(), fit.config().tree()))
        .orElse(List.of("none"));
  }

  @Test
  void modelWithoutTheHeadThatItsClassHasIsOfAnotherClass() throws Exception {
    Map<String, TensorInfo> base = Map.copyOf(llama);
    llama.remove("lm_head.weight");
    for (String name : List.copyOf(llama.keySet())) {
      put(name.substring("model.".length()), llama.remove(name).shape().toArray());
    }
    List<String> bare = List.of("architectures=[\"LlamaModel\"], was [\"LlamaForCausalLM\"]");
    assertEquals(bare, changes(LLAMA, Map.of()));
    assertEquals(bare, changes(LLAMA, base));
    String tied = LLAMA.replace("}", ", \"tie_word_embeddings\": true}");
    assertEquals(List.of(), changes(tied, base), "the head is the embedding");
  }

  @Test
  void whatFitsStays() throws Exception {
    assertEquals(List.of(), changes(LLAMA, Map.of()));
    assertEquals(List.of(), changes(LLAMA, Map.copyOf(llama)));
  }

  @Test
  void vocabularyIsThatOfTheEmbedding() throws Exception {
    Map<String, TensorInfo> base = Map.copyOf(llama);
    put("model.embed_tokens.weight", 6, 8);
    put("lm_head.weight", 6, 8);
    List<String> resized = List.of("vocab_size=6, was 4");
    assertEquals(resized, changes(LLAMA, Map.of()));
    assertEquals(resized, changes(LLAMA, base));
    assertEquals(resized, changes(UNKNOWN, base));
  }

  @Test
  void embeddingAndHeadOfDifferentVocabulariesFitNothing() throws Exception {
    Map<String, TensorInfo> base = Map.copyOf(llama);
    put("model.embed_tokens.weight", 6, 8);
    assertEquals(List.of("none"), changes(LLAMA, base));
    assertEquals(List.of("none"), changes(LLAMA, Map.of()));
    assertEquals(List.of("none"), changes(UNKNOWN, base));
    put("lm_head.weight", 7, 8);
    assertEquals(List.of("none"), changes(UNKNOWN, base));
  }

  @Test
  void weightOfAnotherSizeIsNoVocabulary() throws Exception {
    Map<String, TensorInfo> base = Map.copyOf(llama);
    put("model.layers.0.mlp.gate_proj.weight", 6, 8);
    assertEquals(List.of("none"), changes(LLAMA, base));
    assertEquals(List.of("none"), changes(UNKNOWN, base));
  }

  @Test
  void headOfAnotherTaskIsAnotherClass() throws Exception {
    Map<String, TensorInfo> base = Map.copyOf(llama);
    llama.remove("lm_head.weight");
    put("score.weight", 3, 8);
    List<String> sequence =
        List.of(
            "architectures=[\"LlamaForSequenceClassification\"], was [\"LlamaForCausalLM\"]",
            "id2label={\"0\":\"LABEL_0\",\"1\":\"LABEL_1\",\"2\":\"LABEL_2\"} is new",
            "label2id={\"LABEL_0\":0,\"LABEL_1\":1,\"LABEL_2\":2} is new");
    assertEquals(sequence, changes(LLAMA, base));
    assertEquals(sequence, changes(LLAMA, Map.of()));
    put("score.bias", 3);
    assertEquals(
        "architectures=[\"LlamaForTokenClassification\"], was [\"LlamaForCausalLM\"]",
        changes(LLAMA, base).get(0));
  }

  @Test
  void labelsKeepTheirNamesIfThereAreAsMany() throws Exception {
    llama.remove("lm_head.weight");
    put("score.weight", 3, 8);
    String named =
        LLAMA.replace("}", ", \"id2label\": {\"0\": \"a\", \"1\": \"b\", \"2\": \"c\"}}");
    assertEquals(
        List.of("architectures=[\"LlamaForSequenceClassification\"], was [\"LlamaForCausalLM\"]"),
        changes(named, Map.of()));
  }

  @Test
  void oneLabelIsNoClassification() throws Exception {
    llama.remove("lm_head.weight");
    put("score.weight", 1, 8);
    String single = LLAMA.replace("}", ", \"problem_type\": \"single_label_classification\"}");
    assertEquals(
        "problem_type is dropped, was \"single_label_classification\"",
        changes(single, Map.of()).get(3));
  }

  @Test
  void vocabularyOfAPartIsFound() {
    Map<String, Object> tree =
        ModelConfig.of(Map.of("vocab_size", 4, "text_config", Map.of("vocab_size", 4))).tree();
    assertEquals(
        List.of(
            List.of("text_config.vocab_size=6, was 4", "vocab_size=6, was 4"),
            List.of("text_config.vocab_size=6, was 4"),
            List.of("vocab_size=6, was 4")),
        ConfigEdits.withVocabulary(tree, 6).stream()
            .map(edited -> ConfigChanges.between(tree, edited))
            .sorted(
                (a, b) ->
                    b.size() - a.size() == 0
                        ? a.toString().compareTo(b.toString())
                        : b.size() - a.size())
            .toList());
  }

  @Test
  void quantisationOfPlainWeightsIsDropped() throws Exception {
    String quantised =
        LLAMA.replace("}", ", \"quantization_config\": {\"quant_method\": \"fp8\"}}");
    assertEquals(
        List.of("quantization_config is dropped, was {\"quant_method\":\"fp8\"}"),
        changes(quantised, Map.of()));
  }

  @Test
  void numberOfLabelsThatIsNotWholeSaysNothing() {
    assertEquals(2, ConfigEdits.labels(Map.of("num_labels", new JsonNumber("2.5"))));
  }
}
