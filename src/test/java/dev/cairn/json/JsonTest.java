package dev.cairn.json;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  @Test
  void prettySortedGivesPythonsBytes() throws IOException {
    byte[] python = Golden.bytes("json/python_sorted.json");
    assertEquals(text(python), text(Json.prettySorted(Json.parse(python))));
    assertArrayEquals(python, Json.prettySorted(Json.parse(python)));
  }

  @Test
  void prettySortedSortsWhatComesUnsorted() throws IOException {
    byte[] unsorted = Golden.bytes("json/python_unsorted.json");
    assertArrayEquals(
        Golden.bytes("json/python_sorted.json"), Json.prettySorted(Json.parse(unsorted)));
  }

  @Test
  void prettyKeepsTheOrderOfTheFile() throws IOException {
    byte[] unsorted = Golden.bytes("json/python_unsorted.json");
    assertArrayEquals(unsorted, Json.pretty(Json.parse(unsorted)));
  }

  @Test
  void compactHasNoWhiteSpaceAndRawText() {
    assertEquals(
        "{\"a\":[1,\"é😀/\\u0001\"],\"b\":null}",
        text(Json.compact(tree("{ \"a\": [1, \"é😀/\\u0001\"], \"b\": null }"))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1e-05", "1.0", "-0.0", "1E400", "123456789012345678901234567890"})
  void numberTokensComeBackVerbatim(String token) {
    assertEquals("[" + token + "]", text(Json.compact(tree("[" + token + "]"))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"NaN", "Infinity", "-Infinity"})
  void pythonsSpecialNumbersAreAccepted(String token) {
    assertEquals("[" + token + "]", text(Json.compact(tree("[" + token + "]"))));
  }

  @Test
  void scalarsHaveTheirJavaTypes() {
    List<?> values = (List<?>) tree("[true, false, \"x\", 7, 0.5]");
    assertEquals(List.of(true, false, "x"), values.subList(0, 3));
    assertEquals(7, ((JsonNumber) values.get(3)).longValue());
    assertEquals(0.5, ((JsonNumber) values.get(4)).doubleValue());
  }

  @Test
  void javaNumbersAreWritten() {
    assertEquals("[1,2,2.5]", text(Json.compact(List.of(1, 2L, 2.5))));
  }

  @Test
  void otherObjectsAreRefused() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> Json.compact(new Object()));
    assertEquals("not a JSON value: class=java.lang.Object", e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[1,]",
        "{\"a\":1,\"a\":2}",
        "{\"a\":{\"b\":1,\"b\":1}}",
        "1 2",
        "{} x",
        "nan",
        "'a'",
        "01",
        "// c\n1",
        "\"\t\""
      })
  void malformedDocumentsAreRefused(String document) {
    assertThrows(CorruptFileException.class, () -> Json.parse(document.getBytes(UTF_8)));
  }

  @Test
  void messageIsOneLineWithThePlace() {
    Exception e =
        assertThrows(CorruptFileException.class, () -> Json.parse("{\n \"a\": ]}".getBytes(UTF_8)));
    assertTrue(e.getMessage().endsWith(", line=2, column=7"), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  @Test
  void overlongUtf8IsRefused() {
    byte[] overlongSlash = {'"', (byte) 0xC0, (byte) 0xAF, '"'};
    Exception e = assertThrows(CorruptFileException.class, () -> Json.parse(overlongSlash));
    assertEquals("not UTF-8", e.getMessage());
  }

  @Test
  void utf16IsNotGuessed() {
    assertThrows(CorruptFileException.class, () -> Json.parse("{}".getBytes(UTF_16LE)));
  }

  @Test
  void aDocumentThatIsNotAnObjectIsNamed() {
    Exception e =
        assertThrows(CorruptFileException.class, () -> Json.parseObject("[]".getBytes(UTF_8)));
    assertEquals("JSON document is not an object", e.getMessage());
  }

  @Test
  void deepNestingIsRefusedInsteadOfOverflowingTheStack() {
    String deep = "[".repeat(100_000);
    assertThrows(CorruptFileException.class, () -> Json.parse(deep.getBytes(UTF_8)));
  }

  @Test
  void hundredThousandNamesAreNoAttack() throws IOException {
    StringBuilder json = new StringBuilder("{\"x\":0");
    for (int i = 0; i < 100_000; i++) {
      json.append(",\"model.layers.").append(i).append(".weight\":").append(i);
    }
    Map<String, Object> tree = Json.parseObject(json.append('}').toString().getBytes(UTF_8));
    assertEquals(100_001, tree.size());
    assertTrue(tree.containsKey("model.layers.99999.weight"));
  }

  private static Object tree(String json) {
    try {
      return Json.parse(json.getBytes(UTF_8));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String text(byte[] utf8) {
    return new String(utf8, UTF_8);
  }
}
