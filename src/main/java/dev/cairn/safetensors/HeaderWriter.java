package dev.cairn.safetensors;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.cairn.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;

/** Writes a header exactly as serde_json does in the reference library. */
final class HeaderWriter {
  private HeaderWriter() {}

  /** Returns length, JSON and padding. */
  static byte[] write(Map<String, String> metadata, List<TensorEntry> tensors) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(64 + 100 * tensors.size());
    bytes.writeBytes(new byte[Header.LENGTH_BYTES]);
    try (JsonGenerator json = Json.strictGenerator(bytes)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        writeMetadata(json, metadata);
      }
      for (TensorEntry tensor : tensors) {
        writeTensor(json, tensor);
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not fail
    }
    while (bytes.size() % Header.LENGTH_BYTES != 0) {
      bytes.write(' ');
    }
    byte[] header = bytes.toByteArray();
    ByteBuffer.wrap(header)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(0, header.length - Header.LENGTH_BYTES);
    return header;
  }

  private static void writeMetadata(JsonGenerator json, Map<String, String> metadata)
      throws IOException {
    json.writeObjectFieldStart(Header.METADATA_KEY);
    for (Map.Entry<String, String> entry : metadata.entrySet()) {
      if (!TensorInfo.isWellFormed(entry.getKey()) || !TensorInfo.isWellFormed(entry.getValue())) {
        throw new IllegalArgumentException(
            "metadata is not well-formed Unicode: key=" + TensorInfo.escape(entry.getKey()));
      }
      json.writeStringField(entry.getKey(), entry.getValue());
    }
    json.writeEndObject();
  }

  private static void writeTensor(JsonGenerator json, TensorEntry tensor) throws IOException {
    json.writeObjectFieldStart(tensor.name());
    json.writeStringField("dtype", tensor.dtype().name());
    json.writeFieldName("shape");
    long[] dimensions = tensor.shape().toArray();
    json.writeArray(dimensions, 0, dimensions.length);
    json.writeFieldName("data_offsets");
    json.writeArray(new long[] {tensor.beginByte(), tensor.endByte()}, 0, 2);
    json.writeEndObject();
  }
}
