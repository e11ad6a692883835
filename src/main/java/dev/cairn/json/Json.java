package dev.cairn.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.core.util.Separators.Spacing;
import dev.cairn.tensor.CorruptFileException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Reads and writes JSON as a tree of {@code Map<String, Object>} (in file order), {@code
 * List<Object>}, {@link String}, {@link JsonNumber}, {@link Boolean} and null.
 *
 * <p>Pure; any thread.
 */
public final class Json {
  private static final int MAX_DEPTH = 200;

  /**
   * Duplicate keys are refused, and 100 000 names are no attack on a symbol table: there is none.
   */
  private static final JsonFactory STRICT =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(JsonWriteFeature.WRITE_HEX_UPPER_CASE)
          .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .build())
          .build();

  /** The same, with Python's NaN and Infinity. */
  private static final JsonFactory FACTORY =
      STRICT.rebuild().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  /** The same, for files that Python reads: of equal keys the last counts. */
  private static final JsonFactory AS_PYTHON =
      FACTORY.rebuild().disable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private Json() {}

  /**
   * {@return a parser for readers that stream instead of building a tree} It refuses duplicate
   * keys, NaN and bytes that are not UTF-8 (with a {@link
   * java.nio.charset.CharacterCodingException}).
   *
   * @param utf8 the whole document
   * @throws IOException never, as memory does not fail
   */
  public static JsonParser strictParser(byte[] utf8) throws IOException {
    return STRICT.createParser(reader(utf8));
  }

  /**
   * {@return a generator of compact JSON for writers that stream; non-ASCII characters stay raw}
   *
   * @param target where the JSON goes; closed with the generator
   * @throws IOException never, as memory does not fail
   */
  public static JsonGenerator strictGenerator(OutputStream target) throws IOException {
    return STRICT.createGenerator(target);
  }

  private static Reader reader(byte[] utf8) {
    // Jackson's own UTF-8 reader lets overlong forms and encoded surrogates pass.
    return new InputStreamReader(
        new ByteArrayInputStream(utf8),
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT));
  }

  /**
   * {@return the tree of one JSON document}
   *
   * @param utf8 the whole document
   * @throws CorruptFileException if the bytes are not one well-formed document; the one-line
   *     message has the place
   */
  public static Object parse(byte[] utf8) throws CorruptFileException {
    return parse(FACTORY, utf8);
  }

  private static Object parse(JsonFactory factory, byte[] utf8) throws CorruptFileException {
    try (JsonParser parser = factory.createParser(reader(utf8))) {
      parser.nextToken();
      Object value = JsonTree.read(parser);
      if (parser.nextToken() != null) {
        throw new JsonParseException(parser, "more than one JSON document");
      }
      return value;
    } catch (JsonProcessingException e) {
      throw new CorruptFileException(describe(e), e);
    } catch (CharacterCodingException e) {
      throw new CorruptFileException("not UTF-8", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not fail
    }
  }

  /**
   * {@return what is wrong in one line, with the place if the parser knows it}
   *
   * @param e what the parser threw
   */
  public static String describe(JsonProcessingException e) {
    JsonLocation place = e.getLocation();
    String where =
        place == null
            ? ""
            : ", line=%d, column=%d".formatted(place.getLineNr(), place.getColumnNr());
    return e.getOriginalMessage() + where;
  }

  /**
   * {@return the tree of one JSON document that must be an object}
   *
   * @param utf8 the whole document
   * @throws CorruptFileException if the bytes are not one well-formed object
   */
  public static Map<String, Object> parseObject(byte[] utf8) throws CorruptFileException {
    return object(parse(utf8));
  }

  /**
   * {@return the object of one JSON document as Python reads it: of equal keys the last counts}
   *
   * @param utf8 the whole document
   * @throws CorruptFileException if the bytes are not one well-formed object
   */
  public static Map<String, Object> parseAsPython(byte[] utf8) throws CorruptFileException {
    return object(parse(AS_PYTHON, utf8));
  }

  @SuppressWarnings("unchecked") // objects are only ever made by readObject
  private static Map<String, Object> object(Object document) throws CorruptFileException {
    if (document instanceof Map<?, ?> object) {
      return (Map<String, Object>) object;
    }
    throw new CorruptFileException("JSON document is not an object");
  }

  /**
   * {@return the tree without white space, keys in the order of the maps, non-ASCII raw}
   *
   * @param tree maps, lists and scalars as {@link #parse} makes them; Java numbers too
   */
  public static byte[] compact(Object tree) {
    return write(tree, false, false);
  }

  /**
   * {@return the tree as Python's {@code json.dumps(tree, indent=2)} and a newline, keys in the
   * order of the maps, everything outside printable ASCII escaped}
   *
   * @param tree maps, lists and scalars as {@link #parse} makes them; Java numbers too
   */
  public static byte[] pretty(Object tree) {
    return write(tree, true, false);
  }

  /**
   * {@return the tree as {@link #pretty} does, the keys of every object sorted as Python does}
   *
   * @param tree maps, lists and scalars as {@link #parse} makes them; Java numbers too
   */
  public static byte[] prettySorted(Object tree) {
    return write(tree, true, true);
  }

  private static byte[] write(Object tree, boolean pretty, boolean sorted) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator generator = FACTORY.createGenerator(bytes)) {
      if (pretty) {
        generator.setPrettyPrinter(indentByTwo());
        generator.setCharacterEscapes(PythonEscapes.INSTANCE);
        generator.setHighestNonEscapedChar(PythonEscapes.LAST_PRINTABLE);
      }
      JsonTree.write(generator, tree, sorted);
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
}
