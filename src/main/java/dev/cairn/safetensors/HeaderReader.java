package dev.cairn.safetensors;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.cairn.input.WrongLengthException;
import dev.cairn.json.Json;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Parses and checks one header. Trusts nothing: the file may be damaged, cut or hostile. */
final class HeaderReader {
  private final String where;
  private final List<TensorEntry> tensors = new ArrayList<>();
  private Map<String, String> metadata = Map.of();

  HeaderReader(String where) {
    this.where = where;
  }

  static long parseLength(byte[] first8, long fileLengthBytes, String where)
      throws CorruptFileException {
    if (first8.length < Header.LENGTH_BYTES || fileLengthBytes < Header.LENGTH_BYTES) {
      throw new CorruptFileException(
          "file too short for a header: fileBytes=%d, expected at least %d, file=%s"
              .formatted(fileLengthBytes, Header.LENGTH_BYTES, where));
    }
    long jsonBytes = ByteBuffer.wrap(first8).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (Long.compareUnsigned(jsonBytes, Header.MAX_JSON_BYTES) > 0) {
      throw new CorruptFileException(
          "header too long: headerBytes=%s, expected at most %d, file=%s"
              .formatted(Long.toUnsignedString(jsonBytes), Header.MAX_JSON_BYTES, where));
    }
    if (jsonBytes > fileLengthBytes - Header.LENGTH_BYTES) {
      throw new WrongLengthException(
          "header reaches past the end of the file: headerBytes=%d, expected at most %d, file=%s"
              .formatted(jsonBytes, fileLengthBytes - Header.LENGTH_BYTES, where),
          Header.LENGTH_BYTES + jsonBytes);
    }
    return jsonBytes;
  }

  Header read(byte[] json, long fileLengthBytes) throws CorruptFileException {
    if (json.length == 0 || json[0] != '{') {
      throw corrupt("header does not start with {: headerBytes=" + json.length);
    }
    try (JsonParser parser = Json.strictParser(json)) {
      parser.nextToken();
      readObject(parser);
      if (parser.nextToken() != null) {
        throw corrupt("text after the header's JSON: token=" + parser.currentToken());
      }
    } catch (JsonProcessingException e) {
      throw notJson(e);
    } catch (CharacterCodingException e) {
      throw new CorruptFileException("header is not UTF-8: file=" + where, e);
    } catch (CorruptFileException e) {
      throw e;
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not fail
    }
    tensors.sort(
        Comparator.comparingLong(TensorEntry::beginByte).thenComparingLong(TensorEntry::endByte));
    checkContiguous(Header.LENGTH_BYTES + json.length, fileLengthBytes);
    return new Header(metadata, tensors, json.length);
  }

  private void readObject(JsonParser parser) throws IOException {
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      parser.nextToken();
      if (name.equals(Header.METADATA_KEY)) {
        readMetadata(parser);
      } else {
        tensors.add(new TensorEntryReader(name, where).read(parser));
      }
    }
  }

  private void readMetadata(JsonParser parser) throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw corrupt("__metadata__ is not an object: token=" + parser.currentToken());
    }
    metadata = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      if (parser.nextToken() != JsonToken.VALUE_STRING) {
        throw corrupt("metadata is not a string: key=" + key + ", token=" + parser.currentToken());
      }
      metadata.put(key, parser.getText());
    }
  }

  /** Checks that the data is the tensors', one after the other, and nothing else. */
  private void checkContiguous(long dataOffset, long fileLengthBytes) throws CorruptFileException {
    long dataBytes = fileLengthBytes - dataOffset;
    long expectedByte = 0;
    String before = "the data start";
    for (TensorEntry tensor : tensors) {
      if (tensor.beginByte() != expectedByte) {
        throw corrupt(
            "%s: tensor=%s, beginByte=%d, expected %d (the end of %s)"
                .formatted(
                    tensor.beginByte() > expectedByte ? "hole before a tensor" : "tensors overlap",
                    tensor.name(),
                    tensor.beginByte(),
                    expectedByte,
                    before));
      }
      if (tensor.endByte() > dataBytes) {
        throw new WrongLengthException(
            "file too short: tensor=%s, endByte=%d, expected at most dataBytes=%d, file=%s"
                .formatted(tensor.name(), tensor.endByte(), dataBytes, where),
            dataOffset + tensors.get(tensors.size() - 1).endByte());
      }
      expectedByte = tensor.endByte();
      before = tensor.name();
    }
    if (expectedByte != dataBytes) {
      throw new WrongLengthException(
          "bytes after the last tensor: dataBytes=%d, expected %d (the end of %s), file=%s"
              .formatted(dataBytes, expectedByte, before, where),
          dataOffset + expectedByte);
    }
  }

  private CorruptFileException corrupt(String what) {
    return new CorruptFileException(what + ", file=" + where);
  }

  private CorruptFileException notJson(JsonProcessingException e) {
    return new CorruptFileException(
        "header is not valid JSON: %s, file=%s".formatted(Json.describe(e), where), e);
  }
}
