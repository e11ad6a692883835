package dev.cairn.peft.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters of stacked experts, in both layouts that PEFT has had. */
class ExpertMergeTest {
  private static final String EXPERTS = "model.layers.0.mlp.experts";
  private static final String OUTER = AdapterFiles.PREFIX + EXPERTS;
  private static final String INNER = OUTER + ".base_layer";
  private static final String BOTH =
      config("[\"mlp.experts.down_proj\", \"mlp.experts.gate_up_proj\"]");
  private static final int RANK = 2;
  private static final int INPUTS = 3;
  private static final int OUTPUTS = 4;

  @TempDir Path folder;

  private static String config(String parameters) {
    return "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, \"target_parameters\": %s}"
        .formatted(parameters);
  }

  /** An adapter of the innermost wrapper, or one of both, of so many experts. */
  private static AdapterFiles adapter(String wrapper, int experts, int inputs, int outputs) {
    return add(new AdapterFiles(), wrapper, experts, inputs, outputs);
  }

  private static AdapterFiles add(
      AdapterFiles files, String wrapper, int experts, int inputs, int outputs) {
    return files
        .add(wrapper + ".lora_A.weight", (long) RANK * experts, inputs)
        .add(wrapper + ".lora_B.weight", outputs, (long) RANK * experts);
  }

  private Path merge(AdapterFiles base, AdapterFiles adapter, String config) throws IOException {
    Path output = folder.resolve("merged");
    LoraMerge.merge(
        base.writeBase(folder.resolve("base")),
        adapter.writeAdapter(folder.resolve("adapter"), config),
        output,
        SaveOptions.builder().keepDtypes().durability(Durability.FAST).build());
    return output;
  }

  private void assertRefused(String part, AdapterFiles base, AdapterFiles adapter, String config) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> merge(base, adapter, config));
    assertTrue(refused.getMessage().contains(part), refused.getMessage());
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

  /**
   * What is added to one expert's output and input: 2 B A, element by element, as peft's einsum "o
   * r e, e r i" has it of matrices that count 1, 2, 3.
   */
  private static float delta(int expert, int experts, int inputs, int output, int input) {
    float sum = 0;
    for (int k = 0; k < RANK; k++) {
      float a = 1 + (expert * RANK + k) * inputs + input;
      float b = 1 + output * RANK * experts + k * experts + expert;
      sum += 2 * a * b;
    }
    return sum;
  }

  /** A stacked parameter that counts 1, 2, 3, and what is added to it. */
  private static float[] expected(int experts, int inputs, int outputs, boolean inputsFirst) {
    float[] all = new float[experts * inputs * outputs];
    for (int i = 0; i < all.length; i++) {
      int inExpert = i % (inputs * outputs);
      int output = inputsFirst ? inExpert % outputs : inExpert / inputs;
      int input = inputsFirst ? inExpert / outputs : inExpert % inputs;
      all[i] = i + 1 + delta(i / (inputs * outputs), experts, inputs, output, input);
    }
    return all;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void outputsOrInputsFirstIsToldByTheBasesShape(int experts) throws IOException {
    for (boolean inputsFirst : new boolean[] {false, true}) {
      folder = folder.resolve("one");
      AdapterFiles base =
          new AdapterFiles()
              .add(
                  EXPERTS + ".down_proj",
                  experts,
                  inputsFirst ? INPUTS : OUTPUTS,
                  inputsFirst ? OUTPUTS : INPUTS);
      Path merged =
          merge(base, adapter(OUTER, experts, INPUTS, OUTPUTS), config("[\"experts.down_proj\"]"));
      assertArrayEquals(
          expected(experts, INPUTS, OUTPUTS, inputsFirst), read(merged, EXPERTS + ".down_proj"));
    }
  }

  @Test
  void innermostWrapperIsAboutTheFirstParameter() throws IOException {
    // up_proj takes 3 to 4, and down_proj the other way round: read in the other order they fit,
    // too
    AdapterFiles base =
        new AdapterFiles().add(EXPERTS + ".up_proj", 2, 4, 3).add(EXPERTS + ".down_proj", 2, 3, 4);
    AdapterFiles adapter = add(adapter(INNER, 2, 3, 4), OUTER, 2, 4, 3);
    Path merged = merge(base, adapter, config("[\"experts.down_proj\", \"experts.up_proj\"]"));
    assertArrayEquals(expected(2, 3, 4, false), read(merged, EXPERTS + ".up_proj"));
    assertArrayEquals(expected(2, 4, 3, false), read(merged, EXPERTS + ".down_proj"));
  }

  @Test
  void layoutOfASquareParameterIsThatOfItsNeighbour() throws IOException {
    AdapterFiles base =
        new AdapterFiles()
            .add(EXPERTS + ".gate_up_proj", 2, 4, 4)
            .add(EXPERTS + ".down_proj", 2, 2, 4);
    AdapterFiles adapter = add(adapter(INNER, 2, 4, 4), OUTER, 2, 2, 4);
    Path merged = merge(base, adapter, BOTH);
    assertArrayEquals(expected(2, 4, 4, true), read(merged, EXPERTS + ".gate_up_proj"));
    assertArrayEquals(expected(2, 2, 4, true), read(merged, EXPERTS + ".down_proj"));
  }

  @Test
  void squareParameterAloneIsRefused() {
    assertRefused(
        "cannot tell how experts' matrices lie: module=" + EXPERTS,
        new AdapterFiles().add(EXPERTS + ".gate_up_proj", 2, 4, 4),
        adapter(OUTER, 2, 4, 4),
        config("[\"experts.gate_up_proj\"]"));
  }

  @ParameterizedTest
  @CsvSource({"3, 3, 4", "2, 4, 4"})
  void expertsThatTheBaseHasNotAreRefused(int experts, int inputs, int outputs) {
    assertRefused(
        "adapter does not fit the base model: module=" + EXPERTS,
        new AdapterFiles().add(EXPERTS + ".down_proj", 2, 4, 3),
        adapter(OUTER, experts, inputs, outputs),
        config("[\"experts.down_proj\"]"));
  }

  @Test
  void rankOfAParameterIsThatOfItsOwnName() throws IOException {
    String config =
        config("[\"experts.down_proj\"]")
            .replace("\"r\": 2", "\"r\": 1, \"rank_pattern\": {\"down_proj\": 2}");
    Path merged =
        merge(
            new AdapterFiles().add(EXPERTS + ".down_proj", 2, 4, 3),
            adapter(OUTER, 2, 3, 4),
            config);
    assertArrayEquals(expected(2, 3, 4, false), read(merged, EXPERTS + ".down_proj"));
  }

  @Test
  void parametersNameAloneLeavesLayersAsTheyAre() throws IOException {
    AdapterFiles base = AdapterFiles.base().add(EXPERTS + ".down_proj", 2, 4, 3);
    AdapterFiles adapter = add(AdapterFiles.adapter(), OUTER, 2, 3, 4);
    Path merged =
        merge(
            base,
            adapter,
            config("[\"down_proj\"]").replace("}", ", \"target_modules\": [\"q_proj\"]}"));
    assertArrayEquals(expected(2, 3, 4, false), read(merged, EXPERTS + ".down_proj"));
    assertArrayEquals(
        new float[] {23, 30, 37, 44, 51, 66, 81, 96, 79, 102, 125, 148, 107, 138, 169, 200},
        read(merged, AdapterFiles.Q + ".weight"));
  }

  @Test
  void rowsThatAreNoMultipleOfTheRankAreRefused() {
    assertRefused(
        "expected r=3 rows and columns for each expert",
        new AdapterFiles().add(EXPERTS + ".down_proj", 2, 4, 3),
        adapter(OUTER, 2, 3, 4),
        config("[\"experts.down_proj\"]").replace("\"r\": 2", "\"r\": 3"));
  }

  @Test
  void filesOfOneTensorForEachExpertGetEachTheirOwnProduct() throws IOException {
    String inFiles = "model.layers.0.block_sparse_moe.experts.";
    AdapterFiles base =
        new AdapterFiles()
            .modelConfig(
                "{\"architectures\": [\"MixtralForCausalLM\"], \"model_type\": \"mixtral\"}");
    for (int expert = 0; expert < 2; expert++) {
      base.add(inFiles + expert + ".w1.weight", 2, 3)
          .add(inFiles + expert + ".w3.weight", 2, 3)
          .add(inFiles + expert + ".w2.weight", 3, 2);
    }
    AdapterFiles adapter = add(adapter(INNER, 2, 3, 4), OUTER, 2, 2, 3);
    Path merged = merge(base, adapter, BOTH);
    for (int expert = 0; expert < 2; expert++) {
      float[] up = read(merged, inFiles + expert + ".w3.weight");
      float[] down = read(merged, inFiles + expert + ".w2.weight");
      for (int i = 0; i < 6; i++) {
        assertArrayEquals(
            new float[] {
              i + 1 + delta(expert, 2, 3, 2 + i / 3, i % 3),
              i + 1 + delta(expert, 2, 2, i / 2, i % 2)
            },
            new float[] {up[i], down[i]});
      }
    }
  }
}
