package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.form.NameRule;
import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelFiles;
import dev.cairn.hf.ModelFolder;
import dev.cairn.layout.Layout;
import dev.cairn.options.Durability;
import dev.cairn.options.FormOptions;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Base models as people publish them: quantised, with what loaders ignore, or of mixed dtypes. */
class BaseModelTest {
  private static final String LLAMA = "{\"architectures\":[\"LlamaForCausalLM\"],";
  private static final String UNKNOWN = "{\"architectures\":[\"Unknown\"]}";
  private static final String SMALL_LLAMA =
      LLAMA
          + "\"model_type\":\"llama\",\"vocab_size\":4,\"hidden_size\":8,\"intermediate_size\":4,"
          + "\"num_hidden_layers\":1,\"num_attention_heads\":2,\"num_key_value_heads\":2,"
          + "\"tie_word_embeddings\":false}";
  private static final Layout ZERO3 = Layout.zero3();

  @TempDir Path temporary;

  private static SaveOptions.Builder options() {
    return SaveOptions.builder().mode(SaveMode.PARALLEL).durability(Durability.FAST);
  }

  private void save(SaveOptions options, ReferenceModel model, ModelFiles files, String name)
      throws IOException {
    try (Communicator ranks = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(ranks, options)) {
      checkpointer.save(temporary.resolve(name), model.on(0, 1), files);
    }
  }

  private Path base(String config, ReferenceModel model) throws IOException {
    save(
        options().keepDtypes().form(FormOptions.asPublished().withUnchecked(true)).build(),
        model,
        ModelFiles.none(),
        "base");
    Files.writeString(temporary.resolve("base/config.json"), config);
    return temporary.resolve("base");
  }

  private Map<String, DType> saved() throws IOException {
    try (ModelFolder folder = ModelFolder.open(temporary.resolve("saved"))) {
      Map<String, DType> dtypes = new TreeMap<>();
      for (FolderTensor tensor : folder.tensors()) {
        dtypes.put(tensor.name(), tensor.entry().dtype());
      }
      return dtypes;
    }
  }

  private static ReferenceModel model(String... names) {
    ReferenceModel model = new ReferenceModel(1);
    for (String name : names) {
      model.add(name, DType.F32, ZERO3, 4, 8);
    }
    return model;
  }

  private String refusal(SaveOptions options, ReferenceModel model, Path base) {
    return assertThrows(
            IllegalArgumentException.class,
            () -> save(options, model, ModelFiles.fromFolder(base), "saved"))
        .getMessage();
  }

  /** Loaders would multiply trained weights by the base's scales. */
  @Test
  void nothingIsTakenFromAQuantisedBase() throws Exception {
    Path base =
        base(
            UNKNOWN,
            model("a.weight")
                .add("b.weight", DType.U8, ZERO3, 4, 8)
                .add("b.weight_scale_inv", DType.F32, ZERO3, 1, 1));
    String asked =
        refusal(
            options().form(FormOptions.asPublished().withMissingFromBase(true)).build(),
            model("a.weight"),
            base);
    assertTrue(asked.startsWith("nothing can be taken from a quantised base: tensor=b."), asked);
    String whole = refusal(options().build(), model("a.weight", "b.weight"), base);
    assertTrue(whole.contains("the base model is quantised: give the one that"), whole);
  }

  @Test
  void whatLoadersIgnoreIsNeitherDemandedNorTaken() throws Exception {
    Path base = base(UNKNOWN, model("a.weight", "layers.0.rotary_emb.inv_freq", "e.position_ids"));
    SaveOptions options =
        options().keepDtypes().form(FormOptions.asPublished().withMissingFromBase(true)).build();
    save(options, model("a.weight"), ModelFiles.fromFolder(base), "saved");
    assertEquals(Map.of("a.weight", DType.F32), saved());
  }

  @Test
  void attributeThatIsCalledAsTheBaseModelIsIsRefused() throws Exception {
    String config = LLAMA + "\"model_type\":\"llama\"}";
    Path base = base(config, model("model.norm.weight", "lm_head.weight"));
    String message =
        refusal(options().build(), model("model.model.norm.weight", "model.lm_head.weight"), base);
    assertTrue(message.contains("(--attribute model)"), message);
  }

  /** An F32 model stays one that is cast, though one tensor of it is narrower. */
  @Test
  void oneNarrowTensorDoesNotKeepAModelInF32() throws Exception {
    Path base = base(UNKNOWN, model("a.weight", "b.weight").add("c.weight", DType.BF16, ZERO3, 2));
    ReferenceModel trained = model("a.weight", "b.weight").add("c.weight", DType.F32, ZERO3, 2);
    save(options().build(), trained, ModelFiles.fromFolder(base), "saved");
    assertEquals(
        Map.of("a.weight", DType.BF16, "b.weight", DType.BF16, "c.weight", DType.BF16), saved());
  }

  @Test
  void whatIsTakenKeepsTheWidthThatTheBaseGivesItOnPurpose() throws Exception {
    Path base =
        base(
            UNKNOWN,
            new ReferenceModel(1)
                .add("a.weight", DType.BF16, ZERO3, 40)
                .add("mtp.correction_bias", DType.F32, ZERO3, 4));
    ReferenceModel trained = new ReferenceModel(2).add("a.weight", DType.F32, ZERO3, 40);
    SaveOptions options =
        options().form(FormOptions.asPublished().withMissingFromBase(true)).build();
    save(options, trained, ModelFiles.fromFolder(base), "saved");
    assertEquals(Map.of("a.weight", DType.BF16, "mtp.correction_bias", DType.F32), saved());
  }

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

  /** A hub's config names custom code, of which transformers needs none by now. */
  @Test
  void customCodeOfAClassThatTransformersHasIsItsOwn() throws Exception {
    String moe = "model.layers.0.block_sparse_moe.experts.";
    Path base =
        base(
            "{\"architectures\":[\"MixtralForCausalLM\"],\"model_type\":\"mixtral\","
                + "\"auto_map\":{\"AutoModelForCausalLM\":\"modeling.Mixtral\"}}",
            model(moe + "0.w1.weight", moe + "0.w2.weight", moe + "0.w3.weight"));
    ReferenceModel trained =
        new ReferenceModel(2)
            .add("model.layers.0.mlp.experts.gate_up_proj", DType.F32, ZERO3, 1, 8, 8)
            .add("model.layers.0.mlp.experts.down_proj", DType.F32, ZERO3, 1, 4, 8);
    save(options().build(), trained, ModelFiles.fromFolder(base), "saved");
    assertEquals(
        List.of(moe + "0.w1.weight", moe + "0.w2.weight", moe + "0.w3.weight"),
        List.copyOf(saved().keySet()));
  }

  /** As from_pretrained and save_pretrained do: what had names of old, keeps them. */
  @Test
  void namesOfOldStayThoseOfTheBase() throws Exception {
    Path base = base(UNKNOWN, model("e.dense.weight", "e.LayerNorm.gamma", "e.LayerNorm.beta"));
    ReferenceModel trained = model("e.dense.weight", "e.LayerNorm.weight", "e.LayerNorm.bias");
    save(options().build(), trained, ModelFiles.fromFolder(base), "saved");
    assertEquals(
        List.of("e.LayerNorm.beta", "e.LayerNorm.gamma", "e.dense.weight"),
        List.copyOf(saved().keySet()));
  }

  private static ReferenceModel llama() {
    return llama("lm_head.weight");
  }

  private static ReferenceModel llama(String head) {
    ReferenceModel model = model("model.embed_tokens.weight");
    model.add(head, DType.F32, ZERO3, head.startsWith("score") ? 2 : 4, 8);
    for (String name : List.of("q", "k", "v", "o")) {
      model.add("model.layers.0.self_attn." + name + "_proj.weight", DType.F32, ZERO3, 8, 8);
    }
    return model
        .add("model.layers.0.mlp.gate_proj.weight", DType.F32, ZERO3, 4, 8)
        .add("model.layers.0.mlp.up_proj.weight", DType.F32, ZERO3, 4, 8)
        .add("model.layers.0.mlp.down_proj.weight", DType.F32, ZERO3, 8, 4)
        .add("model.layers.0.input_layernorm.weight", DType.F32, ZERO3, 8)
        .add("model.layers.0.post_attention_layernorm.weight", DType.F32, ZERO3, 8);
  }

  /** A base may be incomplete itself: a loader that reads the config makes the rest at random. */
  @Test
  void baseThatLacksWhatItsConfigAsksForIsNotBelieved() throws Exception {
    Path base = base(SMALL_LLAMA, llama());
    String message = refusal(options().build(), llama(), base);
    assertTrue(
        message.contains(
            "1 of 12 expected tensors are missing, first model.norm.weight; the base model lacks"
                + " them, too"),
        message);
  }

  @Test
  void whatTheConfigAsksForMayBeThereThoughTheBaseLacksIt() throws Exception {
    Path base = base(SMALL_LLAMA, llama());
    ReferenceModel whole = llama().add("model.norm.weight", DType.F32, ZERO3, 8);
    save(options().build(), whole, ModelFiles.fromFolder(base), "saved");
    assertEquals(12, saved().size());
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

  @Test
  void adapterInAFullCheckpointIsRefusedWithoutAConfigToo() {
    ReferenceModel wrapped =
        model("base_model.model.layers.0.q.base_layer.weight", "base_model.model.norm.weight")
            .add("base_model.model.layers.0.q.lora_A.default.weight", DType.F32, ZERO3, 2, 8);
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> save(options().build(), wrapped, ModelFiles.none(), "saved"))
            .getMessage();
    assertTrue(message.contains("save the adapter (--adapter-config)"), message);
  }

  /** Of a config with a key that no template knows, the size of the vocabulary is still certain. */
  @Test
  void resizedVocabularyIsRefusedBesideWhateverElseTheConfigSays() throws Exception {
    Path config = Files.createDirectory(temporary.resolve("config"));
    Files.writeString(
        config.resolve("config.json"), SMALL_LLAMA.replace("}", ",\"unheard_of\":7}"));
    ReferenceModel resized = new ReferenceModel(1);
    resized.add("model.embed_tokens.weight", DType.F32, ZERO3, 6, 8);
    resized.add("lm_head.weight", DType.F32, ZERO3, 6, 8);
    String message = refusal(options().build(), resized, config);
    assertTrue(message.contains("shape=[6,8], vocab_size=4; the vocabulary was resized"), message);
    ReferenceModel moreRows = new ReferenceModel(1); // as Llama 3.2 Vision has them
    moreRows.add("model.embed_tokens.weight", DType.F32, ZERO3, 6, 8);
    moreRows.add("lm_head.weight", DType.F32, ZERO3, 4, 8);
    save(options().build(), moreRows, ModelFiles.fromFolder(config), "saved");
    assertEquals(2, saved().size());
  }

  private static final String GPT2 =
      "{\"architectures\":[\"GPT2LMHeadModel\"],\"model_type\":\"gpt2\"}";

  /** GPT-2's files on the hub lack the prefix that the model has. */
  @Test
  void whatIsTakenFromABaseOfBareNamesGetsTheModelsNames() throws Exception {
    Path base = base(GPT2, model("wte.weight", "h.0.ln_1.weight", "ln_f.weight"));
    ReferenceModel trained = model("transformer.wte.weight", "transformer.h.0.ln_1.weight");
    save(options().missingFromBase(true).build(), trained, ModelFiles.fromFolder(base), "saved");
    assertEquals(
        List.of("transformer.h.0.ln_1.weight", "transformer.ln_f.weight", "transformer.wte.weight"),
        List.copyOf(saved().keySet()));
  }

  /** A classifier that was made of a causal model, whose weights lie beside its own config. */
  @Test
  void headOfTheBaseIsNotDemandedIfTheConfigDoesNotAskForIt() throws Exception {
    ReferenceModel causal = llama().add("model.norm.weight", DType.F32, ZERO3, 8);
    Path base =
        base(SMALL_LLAMA.replace("LlamaForCausalLM", "LlamaForSequenceClassification"), causal);
    ReferenceModel classifier = llama("score.weight").add("model.norm.weight", DType.F32, ZERO3, 8);
    save(options().build(), classifier, ModelFiles.fromFolder(base), "saved");
    assertEquals(12, saved().size());
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
