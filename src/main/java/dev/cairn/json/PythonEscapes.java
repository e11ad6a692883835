package dev.cairn.json;

import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;

/** Escapes strings as Python's {@code json.dumps} does: all but printable ASCII, so DEL too. */
final class PythonEscapes extends CharacterEscapes {
  static final PythonEscapes INSTANCE = new PythonEscapes();

  /** The last character that is written raw: the tilde. */
  static final int LAST_PRINTABLE = 126;

  private static final long serialVersionUID = 1L;

  private final int[] escapes = CharacterEscapes.standardAsciiEscapesForJSON();

  private PythonEscapes() {
    escapes[127] = CharacterEscapes.ESCAPE_STANDARD;
  }

  @Override
  public int[] getEscapeCodesForAscii() {
    return escapes.clone();
  }

  @Override
  public SerializableString getEscapeSequence(int character) {
    return null; // every escape is a standard one
  }
}
