package dev.cairn.hf.generation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.json.Golden;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.support.LogLines;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GenerationConfigTest {
  static Stream<Arguments> table() throws IOException {
    List<?> settings = (List<?>) Json.parse(Golden.bytes("generation/settings.json"));
    List<?> truth = (List<?>) Json.parse(Golden.bytes("generation/truth.json"));
    assertEquals(settings.size(), truth.size());
    List<Arguments> rows = new ArrayList<>();
    for (int i = 0; i < settings.size(); i++) {
      rows.add(Arguments.of(settings.get(i), truth.get(i)));
    }
    return rows.stream();
  }

  @ParameterizedTest
  @MethodSource("table")
  void isSavedOrRefusedAsTransformersDoes(Map<String, Object> settings, Map<String, Object> truth) {
    if (truth.containsKey("saved")) {
      assertEquals(truth.get("saved"), text(GenerationConfig.of(settings)));
      return;
    }
    if (settings.equals(Map.of("cache_implementation", "imagined"))) {
      GenerationConfig.of(settings); // only a warning: a later transformers may know it
      return;
    }
    Exception e = assertThrows(IllegalArgumentException.class, () -> GenerationConfig.of(settings));
    Set<String> named = namedIn(e.getMessage());
    assertTrue(named.containsAll((List<?>) truth.get("refused")), e.getMessage());
    assertTrue(settings.keySet().containsAll(named), e.getMessage());
    assertEquals(-1, e.getMessage().indexOf('\n'));
  }

  private static Set<String> namedIn(String message) {
    Set<String> names = new TreeSet<>();
    for (String problem : message.split(": ", 2)[1].split("; ", -1)) {
      names.add(problem.split("[=.]", 2)[0]);
    }
    return names;
  }

  @Test
  void tableIsLargeAndOfBothKinds() throws IOException {
    long refused = table().filter(row -> ((Map<?, ?>) row.get()[1]).containsKey("refused")).count();
    assertTrue(refused >= 40, () -> "refused=" + refused);
    assertTrue(table().count() - refused >= 40);
  }

  @Test
  void everyBadFieldIsNamedWithWhatWouldDo() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("temperature", 0.6);
    settings.put("max_new_tokens", 0);
    settings.put("num_return_sequences", 2);
    settings.put("output_scores", true);
    Exception e = assertThrows(IllegalArgumentException.class, () -> GenerationConfig.of(settings));
    assertEquals(
        "transformers would refuse to save this generation config: max_new_tokens=0, expected 1 or"
            + " more; temperature=0.6, expected 1.0 or unset while do_sample is not true;"
            + " num_return_sequences=2, expected 1 while do_sample is not true and num_beams is 1"
            + " or unset; output_scores=true, expected false or unset while"
            + " return_dict_in_generate is not true",
        e.getMessage());
  }

  @Test
  void badFileIsNamed() {
    byte[] bad = "{\"top_k\": 5}".getBytes(UTF_8);
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> GenerationConfig.parse(bad, "/m/g"));
    assertEquals(
        "transformers would refuse to save this generation config: top_k=5, expected 50 or unset"
            + " while do_sample is not true, file=/m/g",
        e.getMessage());
    Exception broken =
        assertThrows(
            CorruptFileException.class, () -> GenerationConfig.parse("[]".getBytes(UTF_8), "/m/g"));
    assertEquals(
        "generation config is not valid JSON: JSON document is not an object, file=/m/g",
        broken.getMessage());
  }

  @Test
  void numbersStayAsTheyWereSpelled() throws IOException {
    String json = "{\"repetition_penalty\": 1.10, \"max_time\": 1E+2, \"x\": -0.0}";
    assertEquals(
        """
        {
          "max_time": 1E+2,
          "repetition_penalty": 1.10,
          "transformers_version": "5.18.0",
          "x": -0.0
        }
        """,
        text(GenerationConfig.parse(json.getBytes(UTF_8), "")));
  }

  @Test
  void settingsAreAsGivenWithoutWhatIsUnset() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("top_p", null);
    settings.put("eos_token_id", 2);
    GenerationConfig config = GenerationConfig.of(settings);
    settings.put("eos_token_id", 3);
    assertEquals(Map.of("eos_token_id", new JsonNumber("2")), config.settings());
    assertThrows(UnsupportedOperationException.class, () -> config.settings().clear());
  }

  @Test
  void olmoTemplatesEndWithEitherToken() throws IOException {
    GenerationConfig config =
        GenerationConfig.forChatTemplate("olmo_thinker", tokens("config_template"));
    assertEquals(
        """
        {
          "eos_token_id": [
            292,
            290
          ],
          "transformers_version": "5.18.0"
        }
        """,
        text(config));
  }

  @Test
  void otherTemplatesTakeTheTokenizersTokens() throws IOException {
    assertEquals(
        Map.of("eos_token_id", new JsonNumber("292")),
        GenerationConfig.forChatTemplate("tulu", tokens("config_template")).settings());
    assertEquals(
        Map.of("eos_token_id", new JsonNumber("2"), "bos_token_id", new JsonNumber("1")),
        GenerationConfig.forChatTemplate("OLMo", tokens("unigram")).settings());
  }

  @Test
  void tokenizerWithoutTheTokenIsRefused() throws IOException {
    TokenIds tokens = tokens("unigram");
    Exception e =
        assertThrows(
            IllegalArgumentException.class, () -> GenerationConfig.forChatTemplate("olmo", tokens));
    assertEquals(
        "tokenizer lacks a token: token=<|im_end|>, folder="
            + Golden.path("tokenizers/unigram")
            + "; add it to the tokenizer, or give the generation config",
        e.getMessage());
  }

  @Test
  void folderMayHaveNone(@TempDir Path folder) throws IOException {
    assertEquals(Optional.empty(), GenerationConfig.find(folder));
    Files.writeString(folder.resolve("generation_config.json"), "{}");
    assertEquals(Map.of(), GenerationConfig.find(folder).orElseThrow().settings());
  }

  @Test
  void whatIsNotJsonIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> GenerationConfig.of(Map.of("x", new HashSet<>())));
  }

  @Test
  void savedConfigOfTransformersComesBackByteForByte() throws IOException {
    byte[] golden = Golden.bytes("models/llama_single/generation_config.json");
    assertArrayEquals(golden, GenerationConfig.parse(golden, "golden").encode());
  }

  private static TokenIds tokens(String name) throws IOException {
    return TokenIds.of(Golden.path("tokenizers/" + name));
  }

  private static String text(GenerationConfig config) {
    return new String(config.encode(), UTF_8);
  }

  @Test
  void cacheOfALaterTransformersIsAWarning() {
    try (LogLines logged = LogLines.of(GenerationRules.class.getName())) {
      GenerationConfig.of(Map.of("cache_implementation", "of_tomorrow"));
      assertEquals(
          List.of(
              "transformers 5.18.0 does not know this cache_implementation of a generation config:"
                  + " of_tomorrow"),
          logged.all());
    }
  }
}
