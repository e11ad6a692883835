package dev.cairn.safetensors;

import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/** Parses and checks one manifest. */
final class ManifestReader {
  private static final Pattern COUNT = Pattern.compile("[0-9]{1,18}");
  private static final Pattern CRC = Pattern.compile("[0-9a-f]{8}");

  private final String where;

  ManifestReader(String where) {
    this.where = where;
  }

  Manifest read(byte[] bytes) throws CorruptFileException {
    Map<String, Object> tree;
    try {
      tree = Json.parseObject(bytes);
    } catch (CorruptFileException e) {
      throw new CorruptFileException(
          "manifest is not valid JSON: " + e.getMessage() + ", file=" + where, e);
    }
    long version = count(tree, "format_version", "manifest");
    if (version != Manifest.FORMAT_VERSION) {
      throw corrupt(
          "manifest has another format: format_version=%d, expected %d"
              .formatted(version, Manifest.FORMAT_VERSION));
    }
    long worldSize = count(tree, "world_size", "manifest");
    if (worldSize < 1 || worldSize > Integer.MAX_VALUE) {
      throw corrupt("manifest field out of range: world_size=" + worldSize);
    }
    Map<String, Manifest.FileRecord> files = readFiles(object(tree, "files", "manifest"));
    return new Manifest(
        string(tree, "created", "manifest"),
        string(tree, "mode", "manifest"),
        (int) worldSize,
        tree.containsKey("step")
            ? OptionalLong.of(count(tree, "step", "manifest"))
            : OptionalLong.empty(),
        readTensors(object(tree, "tensors", "manifest"), files),
        List.copyOf(files.values()));
  }

  private Map<String, Manifest.FileRecord> readFiles(Map<?, ?> tree) throws CorruptFileException {
    Map<String, Manifest.FileRecord> files = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : tree.entrySet()) {
      String name = (String) entry.getKey();
      if (!RelativePath.isInside(name)) {
        throw corrupt("manifest names a file outside its folder: name=" + name);
      }
      String owner = "name=" + name;
      Map<?, ?> file = object(tree, name, "files");
      files.put(
          name,
          new Manifest.FileRecord(name, count(file, "length_bytes", owner), crc(file, owner)));
    }
    return files;
  }

  private List<Manifest.TensorRecord> readTensors(
      Map<?, ?> tree, Map<String, Manifest.FileRecord> files) throws CorruptFileException {
    List<Manifest.TensorRecord> tensors = new ArrayList<>();
    for (Object key : tree.keySet()) {
      String file = (String) key;
      if (!files.containsKey(file)) {
        throw corrupt("manifest names a file it does not list: shard=" + file);
      }
      Map<?, ?> inFile = object(tree, file, "tensors");
      for (Object name : inFile.keySet()) {
        tensors.add(readTensor((String) name, file, object(inFile, (String) name, "tensors")));
      }
    }
    return tensors;
  }

  private Manifest.TensorRecord readTensor(String name, String file, Map<?, ?> tree)
      throws CorruptFileException {
    String owner = "tensor=" + name;
    String dtypeName = string(tree, "dtype", owner);
    DType dtype =
        DTypeNames.find(dtypeName)
            .orElseThrow(() -> corrupt("unknown dtype: dtype=" + dtypeName + ", " + owner));
    long[] dimensions = counts(tree, "shape", owner);
    long[] offsets = counts(tree, "data_offsets", owner);
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
    return new Manifest.TensorRecord(
        name, file, dtype, shape, offsets[0], offsets[1], crc(tree, owner));
  }

  private long[] counts(Map<?, ?> tree, String key, String owner) throws CorruptFileException {
    if (!(tree.get(key) instanceof List<?> values)) {
      throw wrong(key, "an array", owner);
    }
    long[] counts = new long[values.size()];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = count(values.get(i), key, owner);
    }
    return counts;
  }

  private long count(Map<?, ?> tree, String key, String owner) throws CorruptFileException {
    return count(tree.get(key), key, owner);
  }

  private long count(Object value, String key, String owner) throws CorruptFileException {
    if (value instanceof JsonNumber number && COUNT.matcher(number.token()).matches()) {
      return number.longValue();
    }
    throw wrong(key, "a count", owner);
  }

  private String string(Map<?, ?> tree, String key, String owner) throws CorruptFileException {
    if (tree.get(key) instanceof String text) {
      return text;
    }
    throw wrong(key, "a string", owner);
  }

  private Map<?, ?> object(Map<?, ?> tree, String key, String owner) throws CorruptFileException {
    if (tree.get(key) instanceof Map<?, ?> object) {
      return object;
    }
    throw wrong(key, "an object", owner);
  }

  private int crc(Map<?, ?> tree, String owner) throws CorruptFileException {
    String digits = string(tree, "crc32c", owner);
    if (!CRC.matcher(digits).matches()) {
      throw wrong("crc32c", "8 lowercase hex digits", owner);
    }
    return HexFormat.fromHexDigits(digits);
  }

  private CorruptFileException wrong(String key, String expected, String owner) {
    return corrupt(
        "manifest field missing or wrong: field=%s, expected %s, in %s"
            .formatted(key, expected, owner));
  }

  private CorruptFileException corrupt(String what) {
    return new CorruptFileException(what + ", file=" + where);
  }
}
