package dev.cairn.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

class PrettyJsonTest {
  @Property(tries = 300)
  void documentIsWhatJsonWritesOfItsTree(
      @ForAll @Size(max = 4) Map<String, @Size(max = 3) List<@LongRange(min = 0) Long>> numbers,
      @ForAll String text) {
    Map<String, Object> lists = new LinkedHashMap<>();
    numbers.forEach((name, values) -> lists.put(wellFormed(name), values));
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("lists", lists);
    tree.put("nested", List.of(Map.of(), List.of(), Map.of("in", List.of(List.of(1L)))));
    tree.put("text", wellFormed(text));
    assertEquals(
        new String(Json.pretty(tree), UTF_8),
        new String(PrettyJson.document(json -> write(json, tree)), UTF_8));
  }

  private static String wellFormed(String text) {
    return new String(text.getBytes(UTF_8), UTF_8);
  }

  private static void write(PrettyJson json, Object value) {
    if (value instanceof Map<?, ?> object) {
      json.beginObject();
      object.forEach((name, member) -> write(json.name((String) name), member));
      json.endObject();
    } else if (value instanceof List<?> array) {
      json.beginArray();
      array.forEach(element -> write(json, element));
      json.endArray();
    } else if (value instanceof Long number) {
      json.number(number);
    } else {
      json.text((String) value);
    }
  }
}
