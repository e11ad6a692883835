package dev.cairn.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

class JsonBytesTest {
  @Property(tries = 500)
  void quotedTextIsWhatJsonWrites(@ForAll String text) {
    String wellFormed = new String(text.getBytes(UTF_8), UTF_8);
    assertEquals(
        new String(Json.compact(wellFormed), UTF_8),
        written(false, json -> json.quoted(wellFormed)));
    assertEquals(
        new String(Json.pretty(wellFormed), UTF_8),
        written(true, json -> json.quoted(wellFormed)) + "\n");
  }

  @Property(tries = 200)
  void numbersAreDecimal(@ForAll @LongRange(min = 0) long number) {
    assertEquals(Long.toString(number), written(false, json -> json.number(number)));
  }

  private static String written(boolean isAscii, Consumer<JsonBytes> writer) {
    byte[] bytes = new byte[Math.toIntExact(1 + JsonBytes.count(isAscii, writer))];
    bytes[0] = '-';
    JsonBytes.write(isAscii, bytes, 1, writer);
    return new String(bytes, 1, bytes.length - 1, UTF_8);
  }
}
