package dev.cairn.hf;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.json.Golden;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelConfigTest {
  @Test
  void configOfTransformersComesBackByteForByte() throws IOException {
    byte[] golden = Golden.bytes("models/llama_single/config.json");
    ModelConfig config = ModelConfig.parse(golden, "golden");
    assertArrayEquals(golden, config.encode(Optional.of(DType.BF16)));
    assertArrayEquals(golden, config.encode(Optional.empty()));
    assertEquals(Optional.of("llama"), config.modelType());
  }

  @Test
  void onlyTheDtypeChanges() throws IOException {
    byte[] golden = Golden.bytes("models/llama_single/config.json");
    String saved =
        new String(ModelConfig.parse(golden, "golden").encode(Optional.of(DType.F16)), UTF_8);
    assertEquals(new String(golden, UTF_8).replace("bfloat16", "float16"), saved);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"dtype\":\"float32\"}                             | {\"dtype\":\"bfloat16\"}",
        "{\"torch_dtype\":\"float32\"}                       | {\"torch_dtype\":\"bfloat16\"}",
        "{\"torch_dtype\":\"float32\",\"transformers_version\":\"5.0.0\"} |"
            + " {\"torch_dtype\":\"bfloat16\",\"transformers_version\":\"5.0.0\"}",
        "{\"dtype\":\"float32\",\"torch_dtype\":\"float32\"} |"
            + " {\"dtype\":\"bfloat16\",\"torch_dtype\":\"bfloat16\"}",
        "{\"transformers_version\":\"4.40.1\"}               |"
            + " {\"torch_dtype\":\"bfloat16\",\"transformers_version\":\"4.40.1\"}",
        "{\"transformers_version\":\"5.18.0\"}               |"
            + " {\"dtype\":\"bfloat16\",\"transformers_version\":\"5.18.0\"}",
        "{}                                                  | {\"dtype\":\"bfloat16\"}",
        "{\"dtype\":null}                                    | {\"dtype\":\"bfloat16\"}"
      })
  void dtypeGoesUnderTheKeyOfItsVersion(String config, String expected) throws IOException {
    assertEquals(expected, compact(parse(config).encode(Optional.of(DType.BF16))));
  }

  @ParameterizedTest
  @CsvSource({"BF16, bfloat16", "F16, float16", "F32, float32", "F64, float64"})
  void dtypeIsSpelledAsTorchDoes(DType dtype, String expected) throws IOException {
    assertEquals(
        "{\"dtype\":\"" + expected + "\"}", compact(parse("{}").encode(Optional.of(dtype))));
  }

  @Test
  void otherDtypesAreRefused() throws IOException {
    ModelConfig config = parse("{}");
    Exception e =
        assertThrows(
            IllegalArgumentException.class, () -> config.encode(Optional.of(DType.F8_E4M3)));
    assertEquals(
        "not a dtype of a model: dtype=F8_E4M3, expected BF16, F16, F32 or F64", e.getMessage());
  }

  @Test
  void architecturesLoseTheirPrefixOnce() throws IOException {
    assertEquals(
        "{\"architectures\":[\"LlamaForCausalLM\",\"FSDPx\",\"XFSDP\"]}",
        compact(
            parse("{\"architectures\":[\"FSDPLlamaForCausalLM\",\"FSDPFSDPx\",\"XFSDP\"]}")
                .encode(Optional.empty())));
  }

  @Test
  void everythingElseStaysAsItWas() throws IOException {
    String config =
        "{\"a\":[1e-05,1.0,NaN,-Infinity],\"n\":null,\"text_config\":{\"dtype\":\"float32\"}}";
    assertEquals(config, compact(parse(config).encode(Optional.empty())));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"tie_word_embeddings\":true} | true",
        "{\"tie_word_embeddings\":false} | false",
        "{\"tie_word_embeddings\":\"true\"} | false",
        "{} | false",
        "{\"text_config\":{\"tie_word_embeddings\":true}} | true",
        "{\"text_config\":1} | false"
      })
  void onlyTrueTies(String config, boolean expected) throws IOException {
    assertEquals(expected, parse(config).tiesWordEmbeddings());
  }

  @Test
  void modelTypeMayBeMissing() throws IOException {
    assertEquals(Optional.empty(), parse("{\"model_type\":1}").modelType());
  }

  @Test
  void brokenConfigIsNamed() {
    Exception e = assertThrows(CorruptFileException.class, () -> parse("[1]"));
    assertEquals(
        "config is not valid JSON: JSON document is not an object, file=config", e.getMessage());
  }

  @Test
  void folderMayHaveNone(@TempDir Path folder) throws IOException {
    assertEquals(Optional.empty(), ModelConfig.find(folder));
  }

  @Test
  void sizeOfAVocabularyIsWhole() throws Exception {
    String config = "{\"vocab_size\": 2.5, \"text_config\": {\"vocab_size\": 7}}";
    assertEquals(Set.of(7L), parse(config).vocabularies());
  }

  private static ModelConfig parse(String json) throws CorruptFileException {
    return ModelConfig.parse(json.getBytes(UTF_8), "config");
  }

  private static String compact(byte[] json) {
    return new String(json, UTF_8).replaceAll("\\s", "");
  }
}
