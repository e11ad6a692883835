package dev.cairn.peft.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelFolder;
import dev.cairn.hf.generation.GenerationConfigCopy;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.peft.AdapterFiles;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bases whose weights are quantised: dequantised if they are 8-bit floats, refused otherwise. */
class QuantisedMergeTest {
  private static final String CONFIG =
      "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, \"target_modules\": [\"q_proj\"]}";
  private static final String Q = AdapterFiles.Q;
  private static final String UP = "model.layers.0.mlp.up_proj";

  @TempDir Path folder;

  /** A base of two layers in 8-bit floats, with a scale for each row, and for blocks of 1 x 2. */
  private static AdapterFiles base() {
    return AdapterFiles.base()
        .add(DType.F8_E4M3, Q + ".weight", 4, 4)
        .add(Q + ".weight_scale", 4, 1)
        .add(Q + ".input_scale", 1)
        .add(DType.F8_E4M3, UP + ".weight", 2, 4)
        .add(UP + ".weight_scale_inv", 2, 2)
        .modelConfig(config("fp8"));
  }

  private static String config(String method) {
    return ("{\"model_type\": \"llama\", \"dtype\": \"float32\","
            + " \"quantization_config\": {\"quant_method\": \"%s\"}}")
        .formatted(method);
  }

  private Path merge(AdapterFiles base, boolean dequantise) throws IOException {
    Path output = folder.resolve("merged");
    LoraMerge.merge(
        base.writeBase(folder.resolve("base")),
        AdapterFiles.adapter().writeAdapter(folder.resolve("adapter"), CONFIG),
        output,
        SaveOptions.builder().keepDtypes().durability(Durability.FAST).build(),
        GenerationConfigCopy.COPY,
        dequantise);
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

  private void assertRefused(String part, AdapterFiles base, boolean dequantise) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> merge(base, dequantise));
    assertTrue(refused.getMessage().contains(part), refused.getMessage());
    assertFalse(Files.exists(folder.resolve("merged")));
  }

  @Test
  void targetsAreWhatTheyWouldBeInAPlainBase() throws IOException {
    Path merged = merge(base(), true);
    // the bytes 1 to 16 are 2^-9 times 1 to 16; each row's scale is its number, 1 to 4
    float[] product = {22, 28, 34, 40, 46, 60, 74, 88, 70, 92, 114, 136, 94, 124, 154, 184};
    float[] expected = new float[16];
    for (int i = 0; i < 16; i++) {
      expected[i] = product[i] + (i + 1) / 512f * (i / 4 + 1);
    }
    assertArrayEquals(expected, read(merged, Q + ".weight"));
  }

  @Test
  void nothingIsLeftThatOnlyQuantisedModelsHave() throws IOException {
    Path merged = merge(base(), true);
    float[] expected = new float[8];
    for (int i = 0; i < 8; i++) {
      expected[i] = (i + 1) / 512f * (i / 2 + 1);
    }
    assertArrayEquals(expected, read(merged, UP + ".weight"));
    try (ModelFolder open = ModelFolder.open(merged)) {
      String scales =
          open.tensors().stream()
              .map(FolderTensor::name)
              .filter(name -> name.contains("scale"))
              .collect(Collectors.joining());
      assertEquals("", scales);
    }
    assertFalse(Files.readString(merged.resolve("config.json")).contains("quantization_config"));
  }

  @Test
  void theOptionIsToldToWhoeverLeavesItOut() {
    assertRefused("quant_method=fp8, tensor=" + UP + ".weight F8_E4M3", base(), false);
    assertRefused("add --dequantise", base(), false);
  }

  @Test
  void floatsWithoutScalesAreRefused() {
    assertRefused(
        "8-bit floats without scales: tensor=" + Q + ".weight F8_E4M3",
        base().remove(Q + ".weight_scale"),
        true);
  }

  @ParameterizedTest
  @CsvSource({
    "gptq, I32, .qweight, merge into the model that it was quantised from (--base)",
    "bitsandbytes, U8, .weight, .dequantize().save_pretrained(PLAIN)",
    "mxfp4, U8, .weight_blocks, Mxfp4Config(dequantize=True)",
    "compressed-tensors, I32, .weight_packed, CompressedTensorsConfig(dequantize=True)",
  })
  void otherMethodsAreRefusedByName(String method, DType dtype, String suffix, String advice) {
    AdapterFiles base =
        AdapterFiles.base()
            .remove(Q + ".weight")
            .add(dtype, Q + suffix, 8, 1)
            .modelConfig(config(method));
    for (boolean dequantise : new boolean[] {false, true}) {
      assertRefused(
          "cannot merge into quantised weights: quant_method=" + method, base, dequantise);
      assertRefused(advice, base, dequantise);
    }
  }
}
