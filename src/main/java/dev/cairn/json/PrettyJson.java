package dev.cairn.json;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * JSON of which there is a lot, indented by two as {@link Json#pretty} does, without a tree of it:
 * what it is made of is written one after the other.
 *
 * <p>Not thread-safe.
 */
public final class PrettyJson {
  private static final int MAX_DEPTH = 8;
  private static final byte[][] LINES = new byte[MAX_DEPTH + 1][];
  private static final byte[] COMMA = ascii(",");
  private static final byte[] COLON = ascii(": ");

  static {
    for (int depth = 0; depth <= MAX_DEPTH; depth++) {
      LINES[depth] = ascii("\n" + "  ".repeat(depth));
    }
  }

  private final JsonBytes json;
  private int depth;
  private boolean isEmpty = true; // the object or array that is open
  private boolean isNamed; // a value follows

  private PrettyJson(JsonBytes json) {
    this.json = json;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * {@return a whole document and a newline, everything outside printable ASCII escaped}
   *
   * @param writer called twice, the first time to find out the length; writes the same both times:
   *     one object, of eight levels at most
   */
  public static byte[] document(Consumer<PrettyJson> writer) {
    Consumer<JsonBytes> whole =
        json -> {
          writer.accept(new PrettyJson(json));
          json.raw(LINES[0]);
        };
    byte[] document = new byte[Math.toIntExact(JsonBytes.count(true, whole))];
    JsonBytes.write(true, document, 0, whole);
    return document;
  }

  /** Begins an object: names follow, each with one value behind it. */
  public void beginObject() {
    begin('{');
  }

  /** Ends the object that was begun last. */
  public void endObject() {
    end('}');
  }

  /** Begins an array: values follow. */
  public void beginArray() {
    begin('[');
  }

  /** Ends the array that was begun last. */
  public void endArray() {
    end(']');
  }

  private void begin(char open) {
    place();
    json.one(open);
    depth++;
    isEmpty = true;
  }

  private void end(char close) {
    depth--;
    if (!isEmpty) {
      json.raw(LINES[depth]);
    }
    isEmpty = false;
    json.one(close);
  }

  /** Goes to where the next name or value belongs. */
  private void place() {
    if (isNamed) {
      isNamed = false;
      return;
    }
    if (!isEmpty) {
      json.raw(COMMA);
    }
    if (depth > 0) {
      json.raw(LINES[depth]);
    }
    isEmpty = false;
  }

  /**
   * Writes a name, in an object.
   *
   * @param name well-formed Unicode, no other's
   * @return this, for its value
   */
  public PrettyJson name(String name) {
    place();
    json.quoted(name);
    json.raw(COLON);
    isNamed = true;
    return this;
  }

  /**
   * Writes a text.
   *
   * @param text well-formed Unicode
   */
  public void text(String text) {
    place();
    json.quoted(text);
  }

  /**
   * Writes a number.
   *
   * @param number in decimal, 0 or more
   */
  public void number(long number) {
    place();
    json.number(number);
  }
}
