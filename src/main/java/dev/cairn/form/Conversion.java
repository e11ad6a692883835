package dev.cairn.form;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/** The operations of one conversion, on the tensors that it takes together. */
final class Conversion {
  private final Transform transform;
  private final ToLongFunction<String> configNumbers;
  private final Shape memoryShape; // null if memory has no tensor of the new name

  /**
   * Prepares a conversion.
   *
   * @param configNumbers the numbers of the model's text config, by name
   * @param memoryShape of the tensor in memory that has the new name; null if there is none
   */
  Conversion(Transform transform, ToLongFunction<String> configNumbers, Shape memoryShape) {
    this.transform = transform;
    this.configNumbers = configNumbers;
    this.memoryShape = memoryShape;
  }

  /**
   * Returns what becomes of tensors.
   *
   * @param given by source pattern
   * @return by target
   */
  Map<String, View> apply(Map<String, List<View>> given) {
    Map<String, List<View>> current = given;
    for (Transform.Operation operation : transform.operations()) {
      current = apply(operation, current);
    }
    Map<String, View> converted = new LinkedHashMap<>();
    current.forEach((target, views) -> converted.put(target, views.get(0)));
    return converted;
  }

  private Map<String, List<View>> apply(Transform.Operation operation, Map<String, List<View>> in) {
    int dimension = operation.dimension();
    return switch (operation.name()) {
      case "Chunk" -> chunk(operation, in);
      case "Concatenate" -> concatenate(dimension, in);
      case "SplitModulelist" -> split(dimension, in);
      case "MergeModulelist" -> merge(dimension, in);
      case "Interleave" -> interleave(operation, in);
      case "Transpose" -> transpose(operation, in);
      case "PermuteForRope" -> permuteForRope(operation, in);
      case "ErnieSplitAndDecoupleTextVisionExperts" -> decouple(operation, in);
      default ->
          throw new UnpublishableException(
              "not contiguous: transformers changes the order of elements ("
                  + operation.name()
                  + ")");
    };
  }

  private Map<String, List<View>> chunk(Transform.Operation operation, Map<String, List<View>> in) {
    List<String> targets = transform.targets();
    if (operation.parameters().get("num_shards_attribute") instanceof String attribute) {
      String only = targets.get(0);
      targets = new ArrayList<>();
      for (long shard = 0; shard < configNumbers.applyAsLong(attribute); shard++) {
        targets.add(only.replace("*", Long.toString(shard)));
      }
    }
    List<View> parts = single(in).chunks(operation.dimension(), targets.size());
    Map<String, List<View>> out = new LinkedHashMap<>();
    for (int index = 0; index < Math.min(parts.size(), targets.size()); index++) {
      out.put(targets.get(index), List.of(parts.get(index)));
    }
    return out;
  }

  private static View single(Map<String, List<View>> in) {
    if (in.size() != 1) {
      throw new UnpublishableException("one tensor expected: " + in.keySet());
    }
    return in.values().iterator().next().get(0);
  }

  private Map<String, List<View>> interleave(
      Transform.Operation operation, Map<String, List<View>> in) {
    View interleaved = single(in).interleaved(operation.dimension(), 1, operation.is("inverse"));
    return Map.of(transform.targets().get(0), List.of(interleaved));
  }

  /** Rows are interleaved within each head. */
  private Map<String, List<View>> permuteForRope(
      Transform.Operation operation, Map<String, List<View>> in) {
    String config = operation.parameters().get("subconfig_key") instanceof String key ? key : "";
    String name = "num_attention_heads";
    long heads = configNumbers.applyAsLong(config.isEmpty() ? name : config + "." + name);
    List<String> layers = operation.texts("permute_layer_names");
    boolean isInverse = operation.is("inverse");
    Map<String, List<View>> out = new LinkedHashMap<>();
    in.forEach(
        (target, views) -> {
          View given = views.get(0);
          boolean isPermuted = layers.stream().anyMatch(target::contains);
          out.put(target, List.of(isPermuted ? given.interleaved(0, heads, isInverse) : given));
        });
    return out;
  }

  private Map<String, List<View>> transpose(
      Transform.Operation operation, Map<String, List<View>> in) {
    View given = single(in);
    boolean isChecked = operation.is("check_dims");
    if (isChecked && given.shape().equals(memoryShape)) {
      return Map.of(transform.targets().get(0), List.of(given));
    }
    int dimension = Math.min(operation.number("dim0"), operation.number("dim1"));
    boolean isOne = transform.targets().size() == 1;
    String target = isOne ? transform.targets().get(0) : transform.sources().get(0);
    return Map.of(target, List.of(given.swapped(dimension)));
  }

  private Map<String, List<View>> concatenate(int dimension, Map<String, List<View>> in) {
    List<View> all = new ArrayList<>();
    for (String source : transform.sources()) {
      all.addAll(in.getOrDefault(source, List.of()));
    }
    return Map.of(only(transform.targets()), List.of(View.concatenated(all, dimension)));
  }

  private static String only(List<String> targets) {
    if (targets.size() != 1) {
      throw new UnpublishableException("one target expected: " + targets);
    }
    return targets.get(0);
  }

  private Map<String, List<View>> split(int dimension, Map<String, List<View>> in) {
    Map<String, List<View>> out = new LinkedHashMap<>();
    in.forEach(
        (source, views) -> {
          String target = in.size() == 1 ? only(transform.targets()) : source;
          View whole = views.get(0);
          for (long index = 0; index < whole.size(dimension); index++) {
            View part = whole.part(dimension, index, index + 1).squeezed();
            out.put(target.replace("*", Long.toString(index)), List.of(part));
          }
        });
    return out;
  }

  /**
   * Each source holds the experts of several targets side by side, in a list for each. Later
   * sources may be missing: the experts of those that are given have their numbers all the same.
   */
  private Map<String, List<View>> decouple(
      Transform.Operation operation, Map<String, List<View>> in) {
    int stack = operation.number("stack_dim");
    Map<String, List<View>> out = new LinkedHashMap<>();
    int count = transform.targets().size();
    List<String> sources = transform.sources().subList(0, in.size());
    if (!in.keySet().containsAll(sources)) {
      throw new UnpublishableException("experts missing: " + sources + ", given " + in.keySet());
    }
    for (int index = 0; index < count; index++) {
      int expert = 0;
      for (String source : sources) {
        View part = in.get(source).get(0).chunks(operation.number("concat_dim"), count).get(index);
        for (long row = 0; row < part.size(stack); row++) {
          String name = transform.targets().get(index).replace("*", Integer.toString(expert));
          out.put(name, List.of(part.part(stack, row, row + 1).without(stack)));
          expert++;
        }
      }
    }
    return out;
  }

  private Map<String, List<View>> merge(int dimension, Map<String, List<View>> in) {
    Map<String, List<View>> out = new LinkedHashMap<>();
    in.forEach(
        (source, views) ->
            out.put(
                in.size() == 1 ? only(transform.targets()) : source,
                List.of(View.stacked(views, dimension))));
    return out;
  }
}
