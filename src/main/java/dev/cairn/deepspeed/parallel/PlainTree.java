package dev.cairn.deepspeed.parallel;

import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.PickleValue.Dictionary;
import dev.cairn.torchfile.PickleValue.Inert;
import dev.cairn.torchfile.PickleValue.Sequence;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A pickle's dicts and lists as maps and lists, the form that JSON has too; an object is the map of
 * its attributes.
 */
public final class PlainTree {
  private static final int MAX_DEPTH = 8;

  /** A value that many others share is copied each time: this bounds what becomes of it. */
  private static final int MAX_VALUES = 2_000_000;

  private final Path file;
  private int values;

  private PlainTree(Path file) {
    this.file = file;
  }

  /**
   * Returns a copy of a value.
   *
   * @throws CorruptFileException if it is nested too deep or too large
   */
  public static Object of(Object value, Path file) throws CorruptFileException {
    return new PlainTree(file).copy(value, 0);
  }

  private Object copy(Object value, int depth) throws CorruptFileException {
    if (++values > MAX_VALUES || depth > MAX_DEPTH) {
      throw new CorruptFileException(
          "what the checkpoint says of its layout is too much: limit="
              + MAX_VALUES
              + " values in "
              + MAX_DEPTH
              + " levels, file="
              + file);
    }
    if (value instanceof Dictionary dictionary) {
      Map<String, Object> map = new LinkedHashMap<>();
      for (Map.Entry<Object, Object> entry : dictionary.entries().entrySet()) {
        if (entry.getKey() instanceof String key) {
          map.put(key, copy(entry.getValue(), depth + 1));
        }
      }
      return map;
    }
    if (value instanceof Sequence sequence) {
      List<Object> list = new ArrayList<>();
      for (Object element : sequence.elements()) {
        list.add(copy(element, depth + 1));
      }
      return list;
    }
    if (value instanceof Inert made) {
      return copy(made.state(), depth + 1);
    }
    return value instanceof Number || value instanceof String || value instanceof Boolean
        ? value
        : null;
  }
}
