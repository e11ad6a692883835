package dev.cairn.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.options.FormOptions;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Base models as people publish them: quantised, with what loaders ignore, or of mixed dtypes. */
class BaseModelTest extends SmallModels {
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

  private static final String GPT2 =
      "{\"architectures\":[\"GPT2LMHeadModel\"],\"model_type\":\"gpt2\"}";

  /** GPT-2's files on the hub lack the prefix that the model has. */
  @Test
  void whatIsTakenFromABaseOfBareNamesGetsTheModelsNames() throws Exception {
    Path base = base(GPT2, model("wte.weight", "h.0.ln_1.weight", "ln_f.weight"));
    ReferenceModel trained = model("transformer.wte.weight", "transformer.h.0.ln_1.weight");
    save(
        options().form(FormOptions.asPublished().withMissingFromBase(true)).build(),
        trained,
        ModelFiles.fromFolder(base),
        "saved");
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
}
