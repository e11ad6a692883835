package dev.cairn.json;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * JSON of which there is a lot, written piece by piece: its length is counted first, so that its
 * bytes are made once and nothing else is. What is written is told apart from how it is escaped.
 *
 * <p>Not thread-safe.
 */
public final class JsonBytes {
  private static final char FIRST_PLAIN = ' ';
  private static final char LAST_PLAIN = '~';
  private static final int MAX_DIGITS = 19;

  private final byte[] target; // null while bytes are only counted
  private final boolean isAscii;
  private long lengthBytes;

  private JsonBytes(byte[] target, boolean isAscii) {
    this.target = target;
    this.isAscii = isAscii;
  }

  /**
   * {@return how many bytes the writer writes}
   *
   * @param isAscii whether characters outside printable ASCII are escaped as {@link Json#pretty}
   *     does, or stay raw as in {@link Json#compact}
   * @param writer writes the same whenever it is called
   */
  public static long count(boolean isAscii, Consumer<JsonBytes> writer) {
    JsonBytes counting = new JsonBytes(null, isAscii);
    writer.accept(counting);
    return counting.lengthBytes;
  }

  /**
   * Writes into an array, from its index {@code begin} on.
   *
   * @param isAscii as for {@link #count}
   * @param target has room for what is counted
   * @param begin index of the first byte
   * @param writer what has been counted
   */
  public static void write(boolean isAscii, byte[] target, int begin, Consumer<JsonBytes> writer) {
    JsonBytes writing = new JsonBytes(target, isAscii);
    writing.lengthBytes = begin;
    writer.accept(writing);
  }

  /**
   * Adds bytes as they are.
   *
   * @param ascii JSON without anything to escape
   */
  public void raw(byte[] ascii) {
    if (target != null) {
      System.arraycopy(ascii, 0, target, (int) lengthBytes, ascii.length);
    }
    lengthBytes += ascii.length;
  }

  /**
   * Adds a number.
   *
   * @param number in decimal, 0 or more
   */
  public void number(long number) {
    int digits = 1;
    for (long power = 10; digits < MAX_DIGITS && number >= power; power *= 10) {
      digits++;
    }
    lengthBytes += digits;
    if (target != null) {
      long rest = number;
      for (int at = (int) lengthBytes - 1; at >= lengthBytes - digits; at--) {
        target[at] = (byte) ('0' + rest % 10);
        rest /= 10;
      }
    }
  }

  /**
   * Adds a text in quotes.
   *
   * @param text well-formed Unicode
   */
  public void quoted(String text) {
    for (int index = 0; index < text.length(); index++) {
      char unit = text.charAt(index);
      if (unit < FIRST_PLAIN || unit > LAST_PLAIN || unit == '"' || unit == '\\') {
        raw(escaped(text));
        return;
      }
    }
    one('"');
    if (target != null) {
      byte[] plain = text.getBytes(StandardCharsets.ISO_8859_1);
      System.arraycopy(plain, 0, target, (int) lengthBytes, plain.length);
    }
    lengthBytes += text.length();
    one('"');
  }

  /** Adds one character of printable ASCII as it is. */
  void one(char ascii) {
    if (target != null) {
      target[(int) lengthBytes] = (byte) ascii;
    }
    lengthBytes++;
  }

  private byte[] escaped(String text) {
    if (!isAscii) {
      return Json.compact(text);
    }
    return new String(Json.pretty(text), StandardCharsets.US_ASCII)
        .stripTrailing()
        .getBytes(StandardCharsets.US_ASCII);
  }
}
