package dev.cairn.safetensors;

import dev.cairn.json.JsonBytes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Writes a header exactly as serde_json does in the reference library. */
final class HeaderWriter {
  private static final byte[] OPEN = ascii("{");
  private static final byte[] CLOSE = ascii("}");
  private static final byte[] COMMA = ascii(",");
  private static final byte[] COLON = ascii(":");
  private static final byte[] METADATA = ascii("\"" + Header.METADATA_KEY + "\":{");
  private static final byte[] DTYPE = ascii(":{\"dtype\":");
  private static final byte[] SHAPE = ascii(",\"shape\":[");
  private static final byte[] OFFSETS = ascii("],\"data_offsets\":[");
  private static final byte[] END = ascii("]}");

  private final Map<String, String> metadata;
  private final List<TensorEntry> tensors;

  HeaderWriter(Map<String, String> metadata, List<TensorEntry> tensors) {
    this.metadata = metadata;
    this.tensors = tensors;
    metadata.forEach(HeaderWriter::checkMetadata);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static void checkMetadata(String key, String value) {
    if (!TensorInfo.isWellFormed(key) || !TensorInfo.isWellFormed(value)) {
      throw new IllegalArgumentException(
          "metadata is not well-formed Unicode: key=" + TensorInfo.escape(key));
    }
  }

  /** Returns the length of JSON and padding. */
  long jsonBytes() {
    long lengthBytes = JsonBytes.count(false, this::writeTo);
    return (lengthBytes + Header.LENGTH_BYTES - 1) / Header.LENGTH_BYTES * Header.LENGTH_BYTES;
  }

  /** Returns length, JSON and padding; {@code jsonBytes} is what {@link #jsonBytes()} returns. */
  byte[] write(long jsonBytes) {
    byte[] header = new byte[Math.toIntExact(Header.LENGTH_BYTES + jsonBytes)];
    Arrays.fill(
        header, Math.max(0, header.length - Header.LENGTH_BYTES), header.length, (byte) ' ');
    JsonBytes.write(false, header, Header.LENGTH_BYTES, this::writeTo);
    ByteBuffer.wrap(header)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(0, header.length - Header.LENGTH_BYTES);
    return header;
  }

  private void writeTo(JsonBytes json) {
    json.raw(OPEN);
    byte[] before = new byte[0];
    if (!metadata.isEmpty()) {
      writeMetadata(json);
      before = COMMA;
    }
    for (TensorEntry tensor : tensors) {
      json.raw(before);
      writeTensor(json, tensor);
      before = COMMA;
    }
    json.raw(CLOSE);
  }

  private void writeMetadata(JsonBytes json) {
    byte[] before = METADATA;
    for (Map.Entry<String, String> entry : metadata.entrySet()) {
      json.raw(before);
      json.quoted(entry.getKey());
      json.raw(COLON);
      json.quoted(entry.getValue());
      before = COMMA;
    }
    json.raw(CLOSE);
  }

  private static void writeTensor(JsonBytes json, TensorEntry tensor) {
    json.quoted(tensor.name());
    json.raw(DTYPE);
    json.quoted(tensor.dtype().name());
    json.raw(SHAPE);
    for (int index = 0; index < tensor.shape().dimensions(); index++) {
      if (index > 0) {
        json.raw(COMMA);
      }
      json.number(tensor.shape().dimension(index));
    }
    json.raw(OFFSETS);
    json.number(tensor.beginByte());
    json.raw(COMMA);
    json.number(tensor.endByte());
    json.raw(END);
  }
}
