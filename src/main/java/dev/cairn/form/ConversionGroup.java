package dev.cairn.form;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/** The tensors that a conversion takes together: those of one layer, say. Not thread-safe. */
final class ConversionGroup {
  private final String name;
  private final Transform conversion;
  private final List<Integer> indices = new ArrayList<>();
  private final List<String> sources = new ArrayList<>();
  private final List<Shape> shapes = new ArrayList<>();

  /**
   * What becomes of all groups of one kind, which the layers of a model mostly are.
   *
   * @param conversion that takes them
   * @param sources the pattern that each tensor matched
   * @param shapes of each tensor
   * @param target index of the tensor that has the new name in memory already; -1 if none has
   */
  record Kind(Transform conversion, List<String> sources, List<Shape> shapes, int target) {
    /**
     * Returns what becomes of them: its names are targets, its runs' sources places in the group.
     */
    List<PublishedTensor> convert(ToLongFunction<String> configNumbers) {
      Map<String, List<View>> given = new LinkedHashMap<>();
      for (int place = 0; place < sources.size(); place++) {
        given
            .computeIfAbsent(sources.get(place), source -> new ArrayList<>())
            .add(View.of(place, shapes.get(place)));
      }
      Shape memoryShape = target < 0 ? null : shapes.get(target);
      List<PublishedTensor> converted = new ArrayList<>();
      new Conversion(conversion, configNumbers, memoryShape)
          .apply(given)
          .forEach(
              (target, view) ->
                  converted.add(new PublishedTensor(target, view.shape(), view.runs())));
      return converted;
    }
  }

  /**
   * Creates one without tensors.
   *
   * @param name that the conversion's first target gives them
   */
  ConversionGroup(String name, Transform conversion) {
    this.name = name;
    this.conversion = conversion;
  }

  /** Adds a tensor in memory, which has matched a source pattern. */
  void add(int index, String source, Shape shape) {
    indices.add(index);
    sources.add(source);
    shapes.add(shape);
  }

  /** Returns the index in memory of the first of them. */
  int first() {
    return indices.stream().mapToInt(Integer::intValue).min().orElseThrow();
  }

  Kind kind(List<MemoryTensor> memory) {
    int target = 0;
    while (target < indices.size() && !memory.get(indices.get(target)).name().equals(name)) {
      target++;
    }
    return new Kind(conversion, sources, shapes, target == indices.size() ? -1 : target);
  }

  /**
   * Returns what becomes of them.
   *
   * @param converted what becomes of their kind
   */
  List<PublishedTensor> publish(List<PublishedTensor> converted) {
    String full = name.contains("*.") ? name.replace("*.", "0.") : name;
    String before = "";
    String after = "";
    for (PublishedTensor one : converted) {
      int at = full.indexOf(one.name());
      if (at >= 0) {
        before = full.substring(0, at);
        after = full.substring(at + one.name().length());
        break;
      }
    }
    List<PublishedTensor> published = new ArrayList<>(converted.size());
    for (PublishedTensor one : converted) {
      published.add(one.of(indices, before + one.name() + after));
    }
    return published;
  }
}
