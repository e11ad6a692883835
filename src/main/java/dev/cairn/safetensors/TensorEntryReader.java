package dev.cairn.safetensors;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.util.Arrays;

/** Parses one tensor's object, and checks that its range is as long as its dtype and shape say. */
final class TensorEntryReader {
  private final String name;
  private final String where;
  private DType dtype;
  private long[] dimensions;
  private long[] offsets;

  TensorEntryReader(String name, String where) {
    this.name = name;
    this.where = where;
  }

  /** Reads from the value's first token to its last. Unknown fields are skipped. */
  TensorEntry read(JsonParser parser) throws IOException {
    if (!TensorInfo.isWellFormed(name)) {
      throw corrupt("tensor name is not well-formed Unicode");
    }
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw corrupt("tensor info is not an object: token=" + parser.currentToken());
    }
    try {
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        readField(parser);
      }
    } catch (InputCoercionException e) {
      throw new CorruptFileException(message("number does not fit 64 bits"), e);
    } catch (JsonProcessingException e) {
      throw new CorruptFileException(
          message("header is not valid JSON: " + e.getOriginalMessage()), e);
    }
    if (dtype == null || dimensions == null || offsets == null) {
      throw corrupt("tensor info lacks dtype, shape or data_offsets");
    }
    return check();
  }

  private void readField(JsonParser parser) throws IOException {
    String field = parser.currentName();
    JsonToken token = parser.nextToken();
    switch (field) {
      case "dtype" -> dtype = readDType(parser, token);
      case "shape" -> dimensions = readLongs(parser, field);
      case "data_offsets" -> offsets = readLongs(parser, field);
      default -> parser.skipChildren();
    }
  }

  private DType readDType(JsonParser parser, JsonToken token) throws IOException {
    if (token != JsonToken.VALUE_STRING) {
      throw corrupt("dtype is not a string: token=" + token);
    }
    String text = parser.getText();
    return DTypeNames.find(text)
        .orElseThrow(
            () -> corrupt("unknown dtype: dtype=" + text + ", expected one of " + DTypeNames.ALL));
  }

  private long[] readLongs(JsonParser parser, String field) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw corrupt(field + " is not an array: token=" + parser.currentToken());
    }
    return Counts.read(parser, () -> readCount(parser, field));
  }

  private long readCount(JsonParser parser, String field) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT || parser.getLongValue() < 0) {
      throw corrupt(field + " holds something that is not a count: value=" + parser.getText());
    }
    return parser.getLongValue();
  }

  private TensorEntry check() throws CorruptFileException {
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw corrupt("data_offsets is not [begin,end): dataOffsets=" + text(offsets));
    }
    Shape shape;
    long lengthBytes;
    try {
      shape = Shape.of(dimensions);
      lengthBytes = dtype.bytes(shape.elements());
    } catch (ArithmeticException e) {
      throw new CorruptFileException(
          message("tensor too large: shape=" + text(dimensions) + ", dtype=" + dtype), e);
    } catch (IllegalArgumentException e) {
      throw new CorruptFileException(message(e.getMessage()), e);
    }
    long rangeBytes = offsets[1] - offsets[0];
    if (rangeBytes != lengthBytes) {
      throw new CorruptFileException(
          "tensor size mismatch: tensor=%s, rangeBytes=%d, expected %d (shape=%s, dtype=%s), file=%s"
              .formatted(name, rangeBytes, lengthBytes, shape, dtype, where));
    }
    return new TensorEntry(name, dtype, shape, offsets[0], offsets[1]);
  }

  private static String text(long[] values) {
    return Arrays.toString(values).replace(" ", "");
  }

  private CorruptFileException corrupt(String what) {
    return new CorruptFileException(message(what));
  }

  private String message(String what) {
    return what
        + (what.contains("=") ? ", " : ": ")
        + "tensor="
        + TensorInfo.escape(name)
        + ", file="
        + where;
  }
}
