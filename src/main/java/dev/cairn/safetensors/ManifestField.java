package dev.cairn.safetensors;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.util.HexFormat;

/**
 * The value of a manifest's field at which a parser stands, checked for its kind.
 *
 * @param parser stands at the value's first token; moves to its last
 * @param where the file, for messages
 */
record ManifestField(JsonParser parser, String where) {
  /** What a checksum is, for messages. */
  static final String CRC = "8 lowercase hex digits";

  private static final int SAFE_DIGITS = 18; // more may not fit a long

  long count(String field, String owner) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
        || parser.getTextLength() > SAFE_DIGITS
        || parser.getLongValue() < 0) {
      throw wrong(field, "a count", owner);
    }
    return parser.getLongValue();
  }

  long[] counts(String field, String owner) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw wrong(field, "an array", owner);
    }
    return Counts.read(parser, () -> count(field, owner));
  }

  String string(String field, String owner) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw wrong(field, "a string", owner);
    }
    return parser.getText();
  }

  int crc(String field, String owner) throws IOException {
    String digits = string(field, owner);
    boolean isCrc =
        digits.length() == 8
            && digits.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    if (!isCrc) {
      throw wrong(field, CRC, owner);
    }
    return HexFormat.fromHexDigits(digits);
  }

  void checkObject(String field, String owner) throws CorruptFileException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw wrong(field, "an object", owner);
    }
  }

  /** Says that a field of {@code owner} is not there or not what is expected. */
  CorruptFileException wrong(String field, String expected, String owner) {
    return new CorruptFileException(
        "manifest field missing or wrong: field=%s, expected %s, in %s, file=%s"
            .formatted(field, expected, owner, where));
  }
}
