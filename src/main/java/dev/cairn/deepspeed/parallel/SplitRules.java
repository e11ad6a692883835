package dev.cairn.deepspeed.parallel;

import dev.cairn.input.Printable;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Along which dimension each parameter is split over the tensor-parallel ranks, by what DeepSpeed
 * wrote as {@code universal_checkpoint_info}, or a user in its form. Nothing is guessed by shape: a
 * wrong dimension gives a model that loads and generates noise.
 *
 * @see <a
 *     href="https://github.com/deepspeedai/DeepSpeed/blob/master/deepspeed/checkpoint/ds_to_universal.py">DeepSpeed
 *     ds_to_universal.py, merge_tp_slices</a>
 */
public final class SplitRules {
  private static final int MAX_FILE_BYTES = 16 << 20;

  private final String where;
  private final NamePatterns rows;
  private final NamePatterns replicated;
  private final NamePatterns vocabulary;
  private final NamePatterns halves;
  private final NamePatterns unsupported;
  private final List<SubParameters> subParameters = new ArrayList<>();
  private final long vocabularySize;

  /** Parameters that are put together from several, each of which is split by itself. */
  private record SubParameters(
      NamePatterns names, List<String> expressions, int dimension, List<Object> shape) {}

  private final Map<?, ?> shardWidths;

  private SplitRules(Map<?, ?> tree, String where) throws CorruptFileException {
    this.where = where;
    rows = patterns(tree, "parameter_with_row_parallelism_patterns");
    List<String> whole = new ArrayList<>(texts(tree, "tp_replicated_parameter_patterns"));
    whole.addAll(texts(tree, "parameter_to_average_patterns")); // refused if ranks differ
    replicated = new NamePatterns(whole, where);
    vocabulary = patterns(tree, "vocabulary_parameter_patterns");
    halves = patterns(tree, "parameter_with_2_sub_params_cat_dim_0");
    List<String> none = new ArrayList<>();
    if (tree.get("autotp_unsupported_parameter_patterns") instanceof Map<?, ?> refused) {
      refused.keySet().forEach(name -> none.add(String.valueOf(name)));
    }
    unsupported = new NamePatterns(none, where);
    vocabularySize =
        tree.get("original_vocab_size") instanceof Number size && size.longValue() > 0
            ? size.longValue()
            : Long.MAX_VALUE;
    shardWidths =
        tree.get("sub_param_shard_widths") instanceof Map<?, ?> widths ? widths : Map.of();
    if (tree.get("parameter_with_sub_params") instanceof List<?> list) {
      for (Object entry : list) {
        subParameters.add(subParameters(entry));
      }
    }
  }

  private SubParameters subParameters(Object entry) throws CorruptFileException {
    if (entry instanceof Map<?, ?> map && map.get("shape") instanceof List<?> shape) {
      List<String> expressions = texts(map, "patterns");
      int dimension = map.get("partition_dim") instanceof Number number ? number.intValue() : 0;
      if (dimension >= 0 && dimension < shape.size()) {
        return new SubParameters(
            new NamePatterns(expressions, where), expressions, dimension, new ArrayList<>(shape));
      }
    }
    throw new CorruptFileException(
        "sub-parameters not understood: expected patterns, shape and partition_dim, " + where);
  }

  private NamePatterns patterns(Map<?, ?> tree, String key) throws CorruptFileException {
    return new NamePatterns(texts(tree, key), where);
  }

  private List<String> texts(Map<?, ?> tree, String key) throws CorruptFileException {
    List<String> texts = new ArrayList<>();
    if (tree.get(key) instanceof List<?> list) {
      for (Object one : list) {
        if (!(one instanceof String text)) {
          throw new CorruptFileException(
              "pattern of names not understood: expected a text in " + key + ", " + where);
        }
        texts.add(text);
      }
    }
    return texts;
  }

  /**
   * Returns the rules that a checkpoint has in itself; null where it has none.
   *
   * @param tree {@code universal_checkpoint_info} as {@link PlainTree} has it
   */
  public static SplitRules recorded(Object tree, Path file) throws CorruptFileException {
    boolean says =
        tree instanceof Map<?, ?> map
            && map.keySet().stream()
                .anyMatch(
                    key ->
                        key.equals("tp_replicated_parameter_patterns")
                            || key.equals("parameter_with_row_parallelism_patterns"));
    return says ? new SplitRules((Map<?, ?>) tree, "file=" + file) : null;
  }

  /**
   * Reads rules that a user wrote: JSON with the keys of {@code universal_checkpoint_info}.
   *
   * @throws CorruptFileException if it is something else
   */
  public static SplitRules read(Path file) throws IOException {
    if (Files.size(file) > MAX_FILE_BYTES) {
      throw new CorruptFileException(
          "rules too long: expected at most " + MAX_FILE_BYTES + " bytes, file=" + file);
    }
    SplitRules rules = recorded(tree(Json.parseObject(Files.readAllBytes(file))), file);
    if (rules == null) {
      throw new CorruptFileException(
          "no rules of tensor parallelism: expected tp_replicated_parameter_patterns and"
              + " parameter_with_row_parallelism_patterns, lists of regular expressions, file="
              + file);
    }
    return rules;
  }

  /** Returns a tree with whole numbers in place of their texts. */
  private static Object tree(Object value) {
    if (value instanceof Map<?, ?> map) {
      Map<String, Object> copy = new LinkedHashMap<>();
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        copy.put(String.valueOf(entry.getKey()), tree(entry.getValue()));
      }
      return copy;
    }
    if (value instanceof List<?> list) {
      List<Object> copy = new ArrayList<>();
      for (Object one : list) {
        copy.add(tree(one));
      }
      return copy;
    }
    if (value instanceof JsonNumber number) {
      OptionalLong whole = JsonNumber.whole(number);
      return whole.isPresent() ? whole.getAsLong() : null; // null for a version such as 0.4
    }
    return value;
  }

  /**
   * Returns how a parameter is split.
   *
   * @param shapes what each rank holds of it
   * @throws CorruptFileException if the rules and the shapes contradict each other
   */
  public Split of(String name, List<Shape> shapes) throws CorruptFileException {
    if (unsupported.match(name)) {
      throw new CorruptFileException(
          "DeepSpeed recorded that it cannot say how this is split: parameter="
              + Printable.of(name)
              + ", "
              + where);
    }
    if (replicated.match(name)) {
      requireSame(name, shapes, -1);
      return Split.replicated(shapes.get(0), shapes.size());
    }
    if (halves.match(name)) {
      requireSame(name, shapes, 0);
      long[][] widths = new long[2][];
      Arrays.setAll(widths, i -> shapes.stream().mapToLong(s -> s.dimension(0) / 2).toArray());
      return along(name, 0, shapes, widths, Long.MAX_VALUE);
    }
    for (SubParameters sub : subParameters) {
      if (sub.names().match(name)) {
        requireSame(name, shapes, sub.dimension());
        return along(name, sub.dimension(), shapes, widths(sub, shapes), Long.MAX_VALUE);
      }
    }
    int dimension = rows.match(name) ? 1 : 0;
    requireSame(name, shapes, dimension);
    long[] widths = shapes.stream().mapToLong(s -> s.dimension(dimension)).toArray();
    long limit = vocabulary.match(name) ? vocabularySize : Long.MAX_VALUE;
    return along(name, dimension, shapes, new long[][] {widths}, limit);
  }

  private Split along(String name, int dimension, List<Shape> shapes, long[][] widths, long limit)
      throws CorruptFileException {
    for (int rank = 0; rank < shapes.size(); rank++) {
      long sum = 0;
      for (long[] sub : widths) {
        sum = rank < sub.length && sub[rank] >= 0 ? sum + sub[rank] : Long.MIN_VALUE;
      }
      if (sum != shapes.get(rank).dimension(dimension)) {
        throw contradiction(name, shapes, dimension, "widths " + Arrays.deepToString(widths));
      }
    }
    try {
      return Split.along(dimension, shapes, widths, limit);
    } catch (ArithmeticException | IllegalArgumentException e) {
      throw contradiction(name, shapes, dimension, e.getMessage());
    }
  }

  /** Returns the recorded widths, or equal ones as DeepSpeed has them where there are none. */
  private long[][] widths(SubParameters sub, List<Shape> shapes) {
    for (String expression : sub.expressions()) {
      if (shardWidths.get(expression) instanceof List<?> recorded) {
        return recorded.stream().map(SplitRules::numbers).toArray(long[][]::new);
      }
    }
    Object sizes = sub.shape().get(sub.dimension());
    long[] whole = sizes instanceof List<?> ? numbers(sizes) : numbers(List.of(sizes));
    long[][] widths = new long[whole.length][shapes.size()];
    for (int i = 0; i < whole.length; i++) {
      Arrays.fill(widths[i], whole[i] % shapes.size() == 0 ? whole[i] / shapes.size() : -1);
    }
    return widths;
  }

  private static long[] numbers(Object list) {
    return list instanceof List<?> entries
        ? entries.stream().mapToLong(e -> e instanceof Number n ? n.longValue() : -1).toArray()
        : new long[0];
  }

  private void requireSame(String name, List<Shape> shapes, int dimension)
      throws CorruptFileException {
    long[] first = shapes.get(0).toArray();
    boolean fine = dimension < first.length;
    for (Shape shape : shapes) {
      long[] extents = shape.toArray();
      if (fine && dimension >= 0 && extents.length == first.length) {
        extents[dimension] = first[dimension];
      }
      fine &= Arrays.equals(extents, first);
    }
    if (!fine) {
      throw contradiction(name, shapes, dimension, "other dimensions differ");
    }
  }

  private CorruptFileException contradiction(
      String name, List<Shape> shapes, int dimension, String problem) {
    return new CorruptFileException(
        "parameter is not split as recorded: parameter="
            + Printable.of(name)
            + ", shapes="
            + shapes.subList(0, Math.min(8, shapes.size()))
            + ", expected "
            + (dimension < 0 ? "the same on every rank" : "a split along dimension " + dimension)
            + ", "
            + problem
            + ", "
            + where);
  }
}
