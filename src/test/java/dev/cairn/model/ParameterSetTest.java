package dev.cairn.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.layout.Layout;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParameterSetTest {
  private static ParameterSet set(String... names) {
    return ParameterSet.of(Stream.of(names).map(ParameterSetTest::parameter).toList());
  }

  private static Parameter parameter(String name) {
    return Parameter.of(name, Shape.of(0), DType.F32, Layout.replicated(), Partition.empty());
  }

  private static List<String> names(ParameterSet set) {
    return set.parameters().stream().map(Parameter::name).toList();
  }

  private static String refusal(Runnable call) {
    return assertThrows(IllegalArgumentException.class, call::run).getMessage();
  }

  @ParameterizedTest
  @CsvSource({
    "module.w, w",
    "module.module.w, w",
    "_orig_mod.module.w, w",
    "module._fsdp_wrapped_module._orig_mod._orig_mod.w, w",
    "_fsdp_wrapped_module.module, module",
    "modules.w, modules.w",
    "my_module.w, my_module.w",
    "layers.module.w, layers.module.w",
    "layers.0._checkpoint_wrapped_module.mlp._orig_mod.w, layers.0.mlp.w",
    "_forward_module.module.model.w, model.w",
    "model._orig_mod, model._orig_mod",
    "module, module"
  })
  void wrappersAreStrippedWhereverTheyStand(String given, String expected) {
    assertEquals(List.of(expected), names(set(given)));
  }

  @Test
  void namesThatCollideOnceStrippedAreRefused() {
    assertEquals(
        "duplicate parameter name: tensor=w, given as w and _orig_mod.module.w",
        refusal(() -> set("w", "v", "_orig_mod.module.w")));
  }

  @Test
  void nameOfWrappersAloneIsRefused() {
    assertEquals(
        "empty parameter name: tensor=\"module._orig_mod.\"",
        refusal(() -> set("w", "module._orig_mod.")));
  }

  @Test
  void nameThatSafetensorsKeepsIsRefused() {
    assertEquals(
        "reserved parameter name: tensor=__metadata__; safetensors keeps its metadata there",
        refusal(() -> set("module.__metadata__")));
  }

  @Test
  void nothingToSaveIsRefused() {
    assertEquals("no parameters: there is nothing to save", refusal(() -> set()));
  }

  @Test
  void attributeIsWhatLiesBelowItInTheCallersOrder() {
    ParameterSet composite =
        set(
            "module.policy.b",
            "module.policy2.b",
            "module.policy_head.b",
            "module.critic.policy.b",
            "module.policy.a.policy.c");
    assertEquals(List.of("b", "a.policy.c"), names(composite.attribute("policy")));
    assertEquals(List.of("policy.b"), names(composite.attribute("critic")));
  }

  @Test
  void attributeMayBeAPath() {
    ParameterSet composite = set("agents.actor.w", "agents.critic.w", "actor.w");
    assertEquals(List.of("w"), names(composite.attribute("agents.actor")));
  }

  @Test
  void wrappersInsideTheAttributeAreStrippedToo() {
    ParameterSet composite = set("module.policy.module.module.w", "policy._orig_mod.v", "value.w");
    assertEquals(List.of("w", "v"), names(composite.attribute("policy")));
  }

  @Test
  void attributeMayBeNamedAsTheWrappedModelHasIt() {
    ParameterSet composite = set("module._orig_mod.policy.w", "module._orig_mod.value.w");
    assertEquals(List.of("w"), names(composite.attribute("module.policy")));
  }

  @Test
  void namesThatCollideInsideTheAttributeAreRefused() {
    ParameterSet composite = set("policy.module.w", "policy.w", "value.w");
    assertEquals(
        "duplicate parameter name: tensor=w, given as policy.module.w and policy.w",
        refusal(() -> composite.attribute("policy")));
    assertEquals(List.of("w"), names(composite.attribute("value")));
  }

  @Test
  void attributeThatNothingBelongsToIsRefusedWithThoseThereAre() {
    ParameterSet composite = set("module.value.w", "policy.w", "policy.v", "scale");
    for (String none : List.of("critic", "pol", "policy.w", "scale", "", "policy.")) {
      assertEquals(
          "no such attribute: attribute=" + none + ", expected one of [policy, value]",
          refusal(() -> composite.attribute(none)));
    }
  }

  @Test
  void tiesInsideTheAttributeStay() {
    ParameterSet composite =
        set("policy.lm_head.weight", "policy.embed.weight", "value.weight")
            .withTied("module.policy.lm_head.weight", "policy.embed.weight")
            .withTied("value.weight", "policy.embed.weight");
    assertEquals(Map.of("lm_head.weight", "embed.weight"), composite.attribute("policy").tied());
    assertEquals(Map.of(), composite.attribute("value").tied());
  }

  @Test
  void tieThatCannotBeIsRefused() {
    ParameterSet one = set("a", "b");
    assertEquals("no such parameter: tensor=c", refusal(() -> one.withTied("a", "c")));
    Parameter wide =
        Parameter.of("b", Shape.of(0, 2), DType.BF16, Layout.replicated(), Partition.empty());
    ParameterSet different = ParameterSet.of(List.of(parameter("a"), wide));
    assertEquals(
        "tied parameters differ: tensor=a is [0] F32, tensor=b is [0,2] BF16",
        refusal(() -> different.withTied("a", "b")));
  }

  /** A save would leave out both names, and the weight with them. */
  @Test
  void tiesInACircleAreRefused() {
    ParameterSet set = set("a", "b", "c");
    assertEquals(
        "tensor is tied to itself: tensor=a; name the one that stays as the canonical one",
        refusal(() -> set.withTied("a", "a")));
    assertEquals(
        "tensor is tied to itself: tensor=b, by way of a; name the one that stays as the canonical"
            + " one",
        refusal(() -> set.withTied("a", "b").withTied("b", "a")));
    assertEquals(
        "tensor is tied to itself: tensor=c, by way of a; name the one that stays as the canonical"
            + " one",
        refusal(() -> set.withTied("a", "b").withTied("b", "c").withTied("c", "a")));
  }

  @Test
  void tiesInAChainLeadToTheOneThatStays() {
    assertEquals(
        Map.of("a", "c", "b", "c"),
        set("a", "b", "c").withTied("a", "b").withTied("b", "c").tied());
    assertEquals(
        Map.of("a", "c", "b", "c"),
        set("a", "b", "c").withTied("b", "c").withTied("a", "b").tied());
  }
}
