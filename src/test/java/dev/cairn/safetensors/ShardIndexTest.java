package dev.cairn.safetensors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.json.Golden;
import dev.cairn.tensor.CorruptFileException;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShardIndexTest {
  @Test
  void parsingAndEncodingGivesTransformersBytes() throws CorruptFileException {
    byte[] golden = Golden.bytes("models/llama_sharded/model.safetensors.index.json");
    ShardIndex index = ShardIndex.parse(golden, "golden");
    assertEquals(OptionalLong.of(1256), index.totalParameters());
    assertEquals(OptionalLong.of(2512), index.totalBytes());
    assertEquals(21, index.weightMap().size());
    assertArrayEquals(golden, index.encode());
  }

  @Test
  void namesAreSortedByCodePointAndEscaped() {
    ShardIndex index =
        ShardIndex.of(2, 4, Map.of("\ud83d\ude00", "a.safetensors", "\ue000", "b.safetensors"));
    String expected =
        """
        {
          "metadata": {
            "total_parameters": 2,
            "total_size": 4
          },
          "weight_map": {
            "\\ue000": "b.safetensors",
            "\\ud83d\\ude00": "a.safetensors"
          }
        }
        """;
    assertEquals(expected, new String(index.encode(), UTF_8));
  }

  @Test
  void totalsMayBeMissing() throws CorruptFileException {
    ShardIndex index = parse("{\"weight_map\":{\"w\":\"sub/a.safetensors\"}}");
    assertEquals(OptionalLong.empty(), index.totalParameters());
    assertEquals(OptionalLong.empty(), index.totalBytes());
    assertEquals(Map.of("w", "sub/a.safetensors"), index.weightMap());
  }

  @Test
  void totalsMayBeSpelledAsFloats() throws CorruptFileException {
    ShardIndex index = parse("{\"metadata\":{\"total_size\":1.024e3},\"weight_map\":{}}");
    assertEquals(OptionalLong.of(1024), index.totalBytes());
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.5", "\"12\"", "NaN", "1e400", "[]"})
  void totalThatIsNoCountIsNotSaid(String total) throws CorruptFileException {
    ShardIndex index = parse("{\"metadata\":{\"total_size\":" + total + "},\"weight_map\":{}}");
    assertEquals(OptionalLong.empty(), index.totalBytes());
  }

  @Test
  void dotBeforeAFileIsNoPartOfItsName() throws CorruptFileException {
    assertEquals(Map.of("w", "a/b"), parse("{\"weight_map\":{\"w\":\"././a/b\"}}").weightMap());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"../a\"",
        "\"/etc/passwd\"",
        "\"a/../b\"",
        "\"\"",
        "\"a//b\"",
        "\"./\"",
        "\"a/./b\"",
        "\"a/\"",
        "\"..\"",
        "\"a\\\\b\"",
        "\"a\\u0000\"",
        "\"a\\ud800\"",
        "1",
        "null"
      })
  void fileOutsideTheFolderIsNamed(String file) {
    CorruptFileException e =
        assertThrows(
            CorruptFileException.class, () -> parse("{\"weight_map\":{\"w\":" + file + "}}"));
    String expected = "index names a file outside its folder: tensor=w, shard=";
    assertEquals(expected, e.getMessage().substring(0, expected.length()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | index has no weight_map: file=index",
        "{\"weight_map\":[]} | index has no weight_map: file=index",
        "[] | index is not valid JSON: JSON document is not an object, file=index"
      })
  void indexWithoutAMapIsNamed(String json, String expected) {
    Exception e = assertThrows(CorruptFileException.class, () -> parse(json));
    assertEquals(expected, e.getMessage());
  }

  @Test
  void tensorNamedTwiceIsRefused() {
    Exception e =
        assertThrows(
            CorruptFileException.class, () -> parse("{\"weight_map\":{\"w\":\"a\",\"w\":\"b\"}}"));
    List<String> parts = List.of("index is not valid JSON: Duplicate field 'w'", "file=index");
    assertEquals(parts.get(0), e.getMessage().substring(0, parts.get(0).length()));
    assertEquals(true, e.getMessage().endsWith(parts.get(1)));
  }

  private static ShardIndex parse(String json) throws CorruptFileException {
    return ShardIndex.parse(json.getBytes(UTF_8), "index");
  }
}
