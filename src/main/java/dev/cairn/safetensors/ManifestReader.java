package dev.cairn.safetensors;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.cairn.json.Json;
import dev.cairn.safetensors.Manifest.FileRecord;
import dev.cairn.safetensors.Manifest.TensorRecord;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/** Parses and checks one manifest, a field at a time. */
final class ManifestReader {
  private static final String OWNER = "manifest";

  private final JsonParser parser;
  private final String where;
  private final ManifestField value; // the one at which the parser stands
  private final Map<String, FileRecord> files = new LinkedHashMap<>();
  private final Set<String> shards = new TreeSet<>();
  private final List<TensorRecord> tensors = new ArrayList<>();
  private final Set<String> found = new TreeSet<>();
  private String created;
  private String mode;
  private long worldSize;
  private OptionalLong step = OptionalLong.empty();

  private ManifestReader(JsonParser parser, String where) {
    this.parser = parser;
    this.where = where;
    this.value = new ManifestField(parser, where);
  }

  static Manifest read(byte[] bytes, String where) throws CorruptFileException {
    try (JsonParser parser = Json.strictParser(bytes)) {
      return new ManifestReader(parser, where).read();
    } catch (JsonProcessingException e) {
      throw new CorruptFileException(
          "manifest is not valid JSON: " + Json.describe(e) + ", file=" + where, e);
    } catch (CharacterCodingException e) {
      throw new CorruptFileException("manifest is not valid JSON: not UTF-8, file=" + where, e);
    } catch (CorruptFileException e) {
      throw e;
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not fail
    }
  }

  private Manifest read() throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw new JsonParseException(parser, "JSON document is not an object");
    }
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      readField();
    }
    if (parser.nextToken() != null) {
      throw new JsonParseException(parser, "more than one JSON document");
    }
    check();
    return new Manifest(created, mode, (int) worldSize, step, tensors, List.copyOf(files.values()));
  }

  private void readField() throws IOException {
    String field = parser.currentName();
    parser.nextToken();
    found.add(field);
    switch (field) {
      case "format_version" -> checkVersion(value.count(field, OWNER));
      case "created" -> created = value.string(field, OWNER);
      case "mode" -> mode = value.string(field, OWNER);
      case "world_size" -> worldSize = value.count(field, OWNER);
      case "step" -> step = OptionalLong.of(value.count(field, OWNER));
      case "files" -> readFiles();
      case "tensors" -> readShards();
      default -> parser.skipChildren();
    }
  }

  private void checkVersion(long version) throws CorruptFileException {
    if (version != Manifest.FORMAT_VERSION) {
      throw corrupt(
          "manifest has another format: format_version=%d, expected %d"
              .formatted(version, Manifest.FORMAT_VERSION));
    }
  }

  private void check() throws CorruptFileException {
    require("format_version", "a count");
    require("created", "a string");
    require("mode", "a string");
    require("world_size", "a count");
    require("files", "an object");
    require("tensors", "an object");
    if (worldSize < 1 || worldSize > Integer.MAX_VALUE) {
      throw corrupt("manifest field out of range: world_size=" + worldSize);
    }
    for (String shard : shards) {
      if (!files.containsKey(shard)) {
        throw corrupt("manifest names a file it does not list: shard=" + shard);
      }
    }
  }

  private void require(String field, String expected) throws CorruptFileException {
    if (!found.contains(field)) {
      throw value.wrong(field, expected, OWNER);
    }
  }

  private void readFiles() throws IOException {
    value.checkObject("files", OWNER);
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      if (!RelativePath.isInside(name)) {
        throw corrupt("manifest names a file outside its folder: name=" + name);
      }
      parser.nextToken();
      value.checkObject(name, "files");
      files.put(name, readFile(name));
    }
  }

  private FileRecord readFile(String name) throws IOException {
    String owner = "name=" + name;
    OptionalLong lengthBytes = OptionalLong.empty();
    OptionalLong crc = OptionalLong.empty();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "length_bytes" -> lengthBytes = OptionalLong.of(value.count(field, owner));
        case "crc32c" -> crc = OptionalLong.of(value.crc(field, owner));
        default -> parser.skipChildren();
      }
    }
    return new FileRecord(
        name,
        lengthBytes.orElseThrow(() -> value.wrong("length_bytes", "a count", owner)),
        (int) crc.orElseThrow(() -> value.wrong("crc32c", ManifestField.CRC, owner)));
  }

  private void readShards() throws IOException {
    value.checkObject("tensors", OWNER);
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String file = parser.currentName();
      parser.nextToken();
      value.checkObject(file, "tensors");
      shards.add(file);
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String name = parser.currentName();
        parser.nextToken();
        value.checkObject(name, "tensors");
        tensors.add(readTensor(name, file));
      }
    }
  }

  private TensorRecord readTensor(String name, String file) throws IOException {
    String owner = "tensor=" + name;
    String dtype = null;
    long[] dimensions = null;
    long[] offsets = null;
    OptionalLong crc = OptionalLong.empty();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "dtype" -> dtype = value.string(field, owner);
        case "shape" -> dimensions = value.counts(field, owner);
        case "data_offsets" -> offsets = value.counts(field, owner);
        case "crc32c" -> crc = OptionalLong.of(value.crc(field, owner));
        default -> parser.skipChildren();
      }
    }
    if (dtype == null) {
      throw value.wrong("dtype", "a string", owner);
    }
    if (dimensions == null || offsets == null) {
      throw value.wrong(dimensions == null ? "shape" : "data_offsets", "an array", owner);
    }
    TensorEntry entry = entry(name, dtype, dimensions, offsets);
    return TensorRecord.of(
        entry, file, (int) crc.orElseThrow(() -> value.wrong("crc32c", ManifestField.CRC, owner)));
  }

  private TensorEntry entry(String name, String dtypeName, long[] dimensions, long[] offsets)
      throws CorruptFileException {
    String owner = "tensor=" + name;
    DType dtype =
        DTypeNames.find(dtypeName)
            .orElseThrow(() -> corrupt("unknown dtype: dtype=" + dtypeName + ", " + owner));
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw corrupt("data_offsets is not [begin,end): " + owner);
    }
    long expectedBytes;
    Shape shape;
    try {
      shape = Shape.of(dimensions);
      expectedBytes = dtype.bytes(shape.elements());
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new CorruptFileException(
          "tensor has no length: %s, %s, file=%s".formatted(e.getMessage(), owner, where), e);
    }
    if (offsets[1] - offsets[0] != expectedBytes) {
      throw corrupt(
          "tensor size mismatch: %s, rangeBytes=%d, expected %d (shape=%s, dtype=%s)"
              .formatted(owner, offsets[1] - offsets[0], expectedBytes, shape, dtype));
    }
    return new TensorEntry(name, dtype, shape, offsets[0], offsets[1]);
  }

  private CorruptFileException corrupt(String what) {
    return new CorruptFileException(what + ", file=" + where);
  }
}
