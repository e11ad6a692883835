package dev.cairn.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.form.NameRule;
import dev.cairn.options.FormOptions;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.LogLines;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is not the model is refused, whatever folder the config comes from. */
class ModelCheckTest extends SmallModels {
  /** Where a wrapper stands in the middle, the names that the config asks for confirm it. */
  @Test
  void moduleInTheMiddleIsAWrapperIfTheConfigKnowsTheNamesWithoutIt() throws Exception {
    Path config = Files.createDirectory(temporary.resolve("config"));
    Files.writeString(config.resolve("config.json"), SMALL_LLAMA);
    ReferenceModel trained = model("model.embed_tokens.weight", "lm_head.weight");
    trained.add("model.norm.weight", DType.F32, ZERO3, 8);
    String layer = "model.layers.0.module.";
    for (String name : List.of("q", "k", "v", "o")) {
      trained.add(layer + "self_attn." + name + "_proj.weight", DType.F32, ZERO3, 8, 8);
    }
    trained.add(layer + "mlp.gate_proj.weight", DType.F32, ZERO3, 4, 8);
    trained.add(layer + "mlp.up_proj.weight", DType.F32, ZERO3, 4, 8);
    trained.add(layer + "mlp.down_proj.weight", DType.F32, ZERO3, 8, 4);
    trained.add(layer + "input_layernorm.weight", DType.F32, ZERO3, 8);
    trained.add(layer + "post_attention_layernorm.weight", DType.F32, ZERO3, 8);
    save(options().build(), trained, ModelFiles.fromFolder(config), "saved");
    assertEquals(12, saved().size());
    assertTrue(saved().keySet().stream().noneMatch(name -> name.contains("module")));
  }

  @Test
  void headOfAnotherTaskIsSaid() throws Exception {
    ReferenceModel causal = llama().add("model.norm.weight", DType.F32, ZERO3, 8);
    Path base = base(SMALL_LLAMA, causal);
    ReferenceModel all = llama().add("model.norm.weight", DType.F32, ZERO3, 8);
    all.add("score.weight", DType.F32, ZERO3, 3, 8);
    String message = refusal(options().build(), all, base);
    assertTrue(
        message.contains(
            "the head is one of another task: give a folder with the config of the model that was"
                + " trained"),
        message);
  }

  /** Without a config the folder is no model yet: what is wrong is said, and it is written. */
  @Test
  void adapterInAFullCheckpointIsSaidWithoutAConfigToo() throws Exception {
    ReferenceModel wrapped =
        model("base_model.model.layers.0.q.base_layer.weight", "base_model.model.norm.weight")
            .add("base_model.model.layers.0.q.lora_A.default.weight", DType.F32, ZERO3, 2, 8);
    try (LogLines logged = LogLines.of("dev.cairn.save.ModelCheck")) {
      save(options().build(), wrapped, ModelFiles.none(), "saved");
      assertTrue(
          logged.all().get(0).contains("save the adapter (--adapter-config)"), logged::toString);
    }
    assertEquals(3, saved().size());
  }

  /** transformers loads what is stored twice; vLLM, for one, takes one for both. */
  @Test
  void weightsThatTheConfigTiesAndThatDifferAreSaid() throws Exception {
    Path config = Files.createDirectory(temporary.resolve("config"));
    Files.writeString(
        config.resolve("config.json"),
        SMALL_LLAMA.replace("embeddings\":false", "embeddings\":true"));
    ReferenceModel untied = llama().add("model.norm.weight", DType.F32, ZERO3, 8);
    try (LogLines logged = LogLines.of("dev.cairn.save.TieDecision")) {
      save(options().build(), untied, ModelFiles.fromFolder(config), "untied");
      assertEquals(1, logged.all().size(), logged::toString);
      assertTrue(
          logged
              .all()
              .get(0)
              .startsWith(
                  "the config ties lm_head.weight to model.embed_tokens.weight, and they differ:"),
          logged.all()::toString);
    }
  }

  /** Of a config with a key that no template knows, the size of the vocabulary is still certain. */
  @Test
  void resizedVocabularyIsPutIntoTheConfigBesideWhateverElseTheConfigSays() throws Exception {
    Path config = Files.createDirectory(temporary.resolve("config"));
    Files.writeString(
        config.resolve("config.json"), SMALL_LLAMA.replace("}", ",\"unheard_of\":7}"));
    ReferenceModel resized = new ReferenceModel(1);
    resized.add("model.embed_tokens.weight", DType.F32, ZERO3, 6, 8);
    resized.add("lm_head.weight", DType.F32, ZERO3, 6, 8);
    try (LogLines logged = LogLines.of("dev.cairn.save.FittedFiles")) {
      save(options().build(), resized, ModelFiles.fromFolder(config), "resized");
      assertTrue(logged.all().contains("config.json: vocab_size=6, was 4"), logged::toString);
    }
    String saved = Files.readString(temporary.resolve("resized/config.json"));
    assertTrue(saved.contains("\"vocab_size\": 6"), saved);
    ReferenceModel torn = new ReferenceModel(1);
    torn.add("model.embed_tokens.weight", DType.F32, ZERO3, 6, 8);
    torn.add("lm_head.weight", DType.F32, ZERO3, 7, 8);
    String message = refusal(options().build(), torn, config);
    assertTrue(message.contains("shape=[6,8], vocab_size=4; the vocabulary was resized"), message);
    ReferenceModel moreRows = new ReferenceModel(1); // as Llama 3.2 Vision has them
    moreRows.add("model.embed_tokens.weight", DType.F32, ZERO3, 6, 8);
    moreRows.add("lm_head.weight", DType.F32, ZERO3, 4, 8);
    save(options().build(), moreRows, ModelFiles.fromFolder(config), "saved");
    assertEquals(2, saved().size());
  }

  @Test
  void namesThatBecomeOneAreBothSaid() throws Exception {
    Path base = base(UNKNOWN, model("a.weight"));
    SaveOptions options =
        options()
            .form(FormOptions.asPublished().withNames(List.of(NameRule.parse("^b=a"))))
            .build();
    String message = refusal(options, model("a.weight", "b.weight"), base);
    assertEquals(
        "duplicate parameter name: tensor=a.weight, given as a.weight and b.weight", message);
  }

  @Test
  void badRenamingIsSaidInOneLine() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> NameRule.parse("a(=b")).getMessage();
    assertEquals("bad renaming: \"a(=b\": Unclosed group near index 2", message);
  }
}
