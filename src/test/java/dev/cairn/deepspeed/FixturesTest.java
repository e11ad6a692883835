package dev.cairn.deepspeed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.safetensors.TensorEntry;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.SourceReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FixturesTest {
  private static final String LLAMA = "a_z3_w2_llama";
  private static final String TIED = "b_z3_w4_qwen2_tied_odd_buf";
  private static final String FROZEN = "c_z3_w2_olmo2_frozen";
  private static final String ZERO2 = "d2_z2_w3_qwen2_tied_rr";
  private static final String LORA = "f_z3_w2_lora";
  private static final String FP16 = "h_z3_w2_fp16";

  @ParameterizedTest
  @ValueSource(strings = {LLAMA, TIED, FROZEN, ZERO2, LORA, FP16})
  void everyValueEqualsWhatDeepSpeedsConverterReturns(String name) throws IOException {
    TensorFile expected =
        new TensorFile(Fixtures.folder(name).resolve("expected_fp32.safetensors"));
    DeepSpeedCheckpoint checkpoint = DeepSpeedCheckpoint.open(Fixtures.folder(name));
    try (SourceReader reader = new SourceReader()) {
      for (CheckpointParameter parameter : checkpoint.parameters()) {
        if (parameter.kind() == ParameterKind.BUFFER) {
          continue; // DeepSpeed turns buffers into F32; theirs is the next test
        }
        TensorEntry entry = expected.entries().get(parameter.name());
        assertEquals(entry.shape(), parameter.shape(), parameter.name());
        assertEquals(entry.dtype(), parameter.storedDType(), parameter.name());
        assertArrayEquals(
            expected.data(parameter.name()), Fixtures.read(reader, parameter), parameter.name());
      }
    }
    assertEquals(expected.entries().keySet(), names(checkpoint));
  }

  @ParameterizedTest
  @ValueSource(strings = {LLAMA, TIED, FROZEN, ZERO2, LORA, FP16})
  void everyValueCastToTheHeldTypeEqualsWhatTheEngineHeld(String name) throws IOException {
    TensorFile expected =
        new TensorFile(Fixtures.folder(name).resolve("expected_16bit.safetensors"));
    DeepSpeedCheckpoint checkpoint = DeepSpeedCheckpoint.open(Fixtures.folder(name));
    try (SourceReader reader = new SourceReader()) {
      for (CheckpointParameter parameter : checkpoint.parameters()) {
        TensorEntry entry = expected.entries().get(parameter.name());
        assertEquals(entry.shape(), parameter.shape(), parameter.name());
        assertEquals(entry.dtype(), parameter.heldDType(), parameter.name());
        byte[] stored = Fixtures.read(reader, parameter);
        byte[] cast = Fixtures.cast(stored, parameter.storedDType(), parameter.heldDType());
        assertArrayEquals(expected.data(parameter.name()), cast, parameter.name());
      }
    }
    assertEquals(expected.entries().keySet(), names(checkpoint));
  }

  private static Set<String> names(DeepSpeedCheckpoint checkpoint) {
    List<String> names = checkpoint.parameters().stream().map(CheckpointParameter::name).toList();
    Set<String> set = new HashSet<>(names);
    assertEquals(names.size(), set.size(), "a name comes twice");
    return set;
  }

  @Test
  void summaryTellsWhatAZero3CheckpointIs() throws IOException {
    CheckpointSummary summary = DeepSpeedCheckpoint.open(Fixtures.folder(TIED)).summary();
    assertEquals(3, summary.stage());
    assertEquals(4, summary.worldSize());
    assertEquals("global_step3", summary.tag());
    assertEquals(Optional.of("0.19.6+edaa72212"), summary.deepSpeedVersion());
    assertEquals(0, summary.frozenElements());
    CheckpointSummary.Entry alias = entry(summary, "lm_head.weight");
    assertEquals(Optional.of("model.embed_tokens.weight"), alias.tiedTo());
    assertEquals(ParameterKind.TRAINABLE, alias.kind());
    CheckpointSummary.Entry buffer = entry(summary, "model.norm.count_buf");
    assertEquals(ParameterKind.BUFFER, buffer.kind());
    assertEquals(DType.I64, buffer.storedDType());
  }

  @Test
  void summaryTellsWhatAZero2CheckpointIs() throws IOException {
    CheckpointSummary summary = DeepSpeedCheckpoint.open(Fixtures.folder(ZERO2)).summary();
    assertEquals(2, summary.stage());
    assertEquals(3, summary.worldSize());
    assertEquals(3 * 2345, summary.frozenElements());
    assertEquals(
        Optional.of("model.embed_tokens.weight"), entry(summary, "lm_head.weight").tiedTo());
    assertEquals(
        Set.of(
            "model.layers.0.mlp.gate_proj.weight",
            "model.layers.0.mlp.up_proj.weight",
            "model.layers.0.mlp.down_proj.weight"),
        summary.entries().stream()
            .filter(entry -> entry.kind() == ParameterKind.FROZEN)
            .map(CheckpointSummary.Entry::name)
            .collect(Collectors.toSet()));
  }

  @Test
  void parametersComeInTheOrderOfTheStateDict() throws IOException {
    List<CheckpointParameter> parameters =
        DeepSpeedCheckpoint.open(Fixtures.folder(ZERO2)).parameters();
    assertEquals("model.embed_tokens.weight", parameters.get(0).name());
    assertEquals("model.layers.0.self_attn.q_proj.weight", parameters.get(1).name());
    assertEquals("model.layers.0.self_attn.q_proj.bias", parameters.get(2).name());
    assertEquals("lm_head.weight", parameters.get(parameters.size() - 1).name());
  }

  @Test
  void folderOfOneSaveOpensByItself() throws IOException {
    Path save = Fixtures.folder(LLAMA).resolve("global_step3");
    assertEquals("global_step3", DeepSpeedCheckpoint.open(save).tag());
  }

  @Test
  void tagChoosesASave() throws IOException {
    assertEquals(3, DeepSpeedCheckpoint.open(Fixtures.folder(LLAMA), "global_step3").stage());
  }

  private static CheckpointSummary.Entry entry(CheckpointSummary summary, String name) {
    return summary.entries().stream()
        .filter(entry -> entry.name().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
