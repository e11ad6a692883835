package dev.cairn.form;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/** The tensors that a conversion takes together. Not thread-safe. */
final class ConversionGroup {
  private final String name;
  private final Transform conversion;
  private final Map<String, List<View>> views = new LinkedHashMap<>();
  private int first = Integer.MAX_VALUE;

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
    first = Math.min(first, index);
    views.computeIfAbsent(source, key -> new ArrayList<>()).add(View.of(index, shape));
  }

  /** Returns the index in memory of the first of them. */
  int first() {
    return first;
  }

  /** Returns what becomes of them, by published name. */
  Map<String, View> convert(List<MemoryTensor> memory, ToLongFunction<String> configNumbers) {
    return new Conversion(conversion, configNumbers, shapeOfName(memory)).apply(views, name);
  }

  /** Returns the shape of what has the new name in memory, null if nothing has. */
  private Shape shapeOfName(List<MemoryTensor> memory) {
    return views.values().stream()
        .flatMap(List::stream)
        .flatMap(view -> view.runs().stream())
        .map(run -> memory.get(run.source()))
        .filter(tensor -> tensor.name().equals(name))
        .map(MemoryTensor::shape)
        .findFirst()
        .orElse(null);
  }
}
