package dev.cairn.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.core.util.Separators.Spacing;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads and writes JSON as a tree of {@code Map<String, Object>} (in file order), {@code
 * List<Object>}, {@link String}, {@link JsonNumber}, {@link Boolean} and null.
 *
 * <p>Pure; any thread.
 */
public final class Json {
  private static final int MAX_DEPTH = 200;

  /** The factory that the whole project parses and writes with: duplicate keys are refused. */
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .disable(JsonWriteFeature.WRITE_HEX_UPPER_CASE)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private Json() {}

  /** Returns the shared factory, for readers that stream instead of building a tree. */
  public static JsonFactory factory() {
    return FACTORY;
  }

  /**
   * Returns the tree of one JSON document.
   *
   * @param utf8 the whole document
   * @throws IOException if the bytes are not one well-formed document; the message has the place
   */
  public static Object parse(byte[] utf8) throws IOException {
    try (JsonParser parser = FACTORY.createParser(utf8)) {
      parser.nextToken();
      Object value = read(parser);
      if (parser.nextToken() != null) {
        throw new JsonParseException(parser, "more than one JSON document");
      }
      return value;
    }
  }

  /**
   * Returns the tree of one JSON document that must be an object.
   *
   * @throws IOException if the bytes are not one well-formed object
   */
  @SuppressWarnings("unchecked") // objects are only ever made by readObject
  public static Map<String, Object> parseObject(byte[] utf8) throws IOException {
    if (parse(utf8) instanceof Map<?, ?> object) {
      return (Map<String, Object>) object;
    }
    throw new IOException("JSON document is not an object");
  }

  private static Object read(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == null) {
      throw new JsonParseException(parser, "unexpected end of JSON");
    }
    return switch (token) {
      case START_OBJECT -> readObject(parser);
      case START_ARRAY -> readArray(parser);
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new JsonNumber(parser.getText());
      case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
      case VALUE_NULL -> null;
      default -> throw new JsonParseException(parser, "unexpected token " + token);
    };
  }

  private static Map<String, Object> readObject(JsonParser parser) throws IOException {
    Map<String, Object> object = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      parser.nextToken();
      object.put(key, read(parser));
    }
    return object;
  }

  private static List<Object> readArray(JsonParser parser) throws IOException {
    List<Object> array = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      array.add(read(parser));
    }
    return array;
  }

  /** Returns the tree without white space, keys in the order of the maps. */
  public static byte[] compact(Object tree) {
    return write(tree, false, false);
  }

  /**
   * Returns the tree as Python's {@code json.dumps(tree, indent=2)} and a newline, keys in the
   * order of the maps, non-ASCII characters raw.
   */
  public static byte[] pretty(Object tree) {
    return write(tree, true, false);
  }

  /** Returns the tree as {@link #pretty} does, the keys of every object sorted by code unit. */
  public static byte[] prettySorted(Object tree) {
    return write(tree, true, true);
  }

  private static byte[] write(Object tree, boolean pretty, boolean sorted) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator generator = FACTORY.createGenerator(bytes)) {
      if (pretty) {
        generator.setPrettyPrinter(indentByTwo());
      }
      write(generator, tree, sorted);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // an array does not fail; a lone surrogate does
    }
    if (pretty) {
      bytes.write('\n');
    }
    return bytes.toByteArray();
  }

  private static DefaultPrettyPrinter indentByTwo() {
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter(
            Separators.createDefaultInstance()
                .withObjectFieldValueSpacing(Spacing.AFTER)
                .withObjectEmptySeparator("")
                .withArrayEmptySeparator(""));
    printer.indentObjectsWith(indenter);
    printer.indentArraysWith(indenter);
    return printer;
  }

  private static void write(JsonGenerator generator, Object value, boolean sorted)
      throws IOException {
    if (value instanceof Map<?, ?> object) {
      generator.writeStartObject();
      Map<?, ?> ordered = sorted ? new TreeMap<>(object) : object;
      for (Map.Entry<?, ?> entry : ordered.entrySet()) {
        generator.writeFieldName((String) entry.getKey());
        write(generator, entry.getValue(), sorted);
      }
      generator.writeEndObject();
    } else if (value instanceof List<?> array) {
      generator.writeStartArray();
      for (Object element : array) {
        write(generator, element, sorted);
      }
      generator.writeEndArray();
    } else {
      writeScalar(generator, value);
    }
  }

  private static void writeScalar(JsonGenerator generator, Object value) throws IOException {
    if (value == null) {
      generator.writeNull();
    } else if (value instanceof JsonNumber number) {
      generator.writeNumber(number.token());
    } else if (value instanceof String string) {
      generator.writeString(string);
    } else if (value instanceof Boolean bool) {
      generator.writeBoolean(bool);
    } else if (value instanceof Long || value instanceof Integer) {
      generator.writeNumber(((Number) value).longValue());
    } else if (value instanceof Double number) {
      generator.writeNumber(Double.toString(number));
    } else {
      throw new IllegalArgumentException("not a JSON value: class=" + value.getClass().getName());
    }
  }
}
