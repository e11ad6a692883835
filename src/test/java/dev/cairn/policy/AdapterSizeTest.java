package dev.cairn.policy;

import static dev.cairn.policy.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AdapterSizeTest {
  private static final List<WeightShape> BASE =
      List.of(
          new WeightShape("wte.weight", Shape.of(50, 8)),
          new WeightShape("h.0.attn.c_attn.weight", Shape.of(8, 24)),
          new WeightShape("h.0.attn.c_attn.bias", Shape.of(24)),
          new WeightShape("h.0.ln.weight", Shape.of(8)));

  static Stream<DecoderGolden> decoders() {
    return DecoderGolden.all();
  }

  private static List<String> targets(DecoderGolden golden, Object targets) {
    String type = (String) golden.config().get("model_type");
    if (targets == null) {
      return LoraTargets.defaultsFor(type);
    }
    return targets instanceof List<?> list
        ? list.stream().map(String.class::cast).toList()
        : LoraTargets.parse((String) targets, type);
  }

  @ParameterizedTest
  @MethodSource("decoders")
  void countIsThatOfPeft(DecoderGolden golden) throws IOException {
    for (DecoderGolden.Adapter adapter : golden.adapters()) {
      AdapterSize size =
          AdapterSize.of(
              golden.shape().weights(), adapter.rank(), targets(golden, adapter.targets()));
      assertEquals(adapter.trainable(), size.parameters(), adapter::toString);
      assertEquals(adapter.modules(), size.modules(), adapter::toString);
      assertEquals(adapter.saved() * 4, size.bytes(DType.F32), adapter::toString);
    }
  }

  @Test
  void llama2Of7BillionAtRank64HasWhatPeftCounts() throws IOException {
    AdapterSize size =
        AdapterSize.of(
            DecoderGolden.named("Llama-2-7B").shape().weights(),
            64,
            LoraTargets.defaultsFor("llama"));
    assertEquals(33_554_432, size.parameters());
    assertEquals(67_108_864, size.bytes(DType.BF16));
    assertEquals(List.of("q_proj", "v_proj"), size.targetModules());
  }

  @Test
  void matrixThatIsStoredTransposedCountsAlike() {
    assertEquals(2 * (8 + 24), AdapterSize.of(BASE, 2, List.of("c_attn")).parameters());
  }

  @Test
  void targetIsAWholeComponent() {
    assertRefused(
        "target module not in the model: target=attn, expected the end of a name such as"
            + " h.0.attn.c_attn",
        () -> AdapterSize.of(BASE, 2, List.of("c_attn", "attn")));
  }

  @Test
  void normIsRefused() {
    assertRefused(
        "target module has no matrix: tensor=h.0.ln.weight, shape=[8], expected two dimensions",
        () -> AdapterSize.of(BASE, 2, List.of("ln")));
  }

  @Test
  void rankBelowOneIsRefused() {
    assertRefused(
        "value out of range: rank=0, expected 1 or more",
        () -> AdapterSize.of(BASE, 0, List.of("c_attn")));
  }

  @Test
  void moreThanALongHoldsIsRefused() {
    assertRefused(
        "adapter too large: rank=" + (1L << 60) + ", expected fewer than 2^63 parameters",
        () -> AdapterSize.of(BASE, 1L << 60, List.of("c_attn")));
    AdapterSize large = AdapterSize.of(BASE, 1L << 57, List.of("c_attn"));
    assertRefused(
        "adapter too large: parameters=4611686018427387904, expected fewer than 2^63 bytes",
        () -> large.bytes(DType.BF16));
  }

  @Test
  void modelTypeWithoutDefaultIsRefused() {
    assertRefused(
        "no default target modules: model_type=olmo2, expected them to be named, as in"
            + " q_proj,v_proj",
        () -> LoraTargets.defaultsFor("olmo2"));
  }

  @Test
  void allLinearOfAnUnknownTypeIsRefused() {
    assertRefused(
        "linear layers unknown: targetModules=all-linear, model_type=gpt2, expected one of gemma"
            + " gemma2 gemma3_text granite llama mistral olmo olmo2 olmo3 qwen2 qwen3 smollm3; name"
            + " the modules",
        () -> LoraTargets.parse("all-linear", "gpt2"));
  }

  @Test
  void emptyTargetIsRefused() {
    assertRefused(
        "empty target module: targetModules=q_proj,,v_proj, expected names separated by commas",
        () -> LoraTargets.parse("q_proj,,v_proj", "llama"));
  }

  @Test
  void targetsAreSeparatedByCommas() {
    assertEquals(List.of("q_proj", "o_proj"), LoraTargets.parse("q_proj, o_proj,q_proj", "x"));
  }
}
