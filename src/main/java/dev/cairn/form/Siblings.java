package dev.cairn.form;

import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tensors in memory that are joined with known ones when they are published: their names are
 * the conversion's, and their shapes what the known ones leave of the published tensor.
 */
final class Siblings {
  private final List<Transform> transforms;
  private final Map<String, TensorInfo> published;

  /** Those of one published tensor that are known, by the conversion's sources. */
  private record Known(Transform conversion, Map<String, MemoryTensor> bySource) {}

  /**
   * Prepares a search.
   *
   * @param published what files have, by name
   */
  Siblings(List<Transform> transforms, Map<String, TensorInfo> published) {
    this.transforms = transforms;
    this.published = published;
  }

  /** Returns tensors, and after them those that are joined with them. */
  List<MemoryTensor> with(List<MemoryTensor> memory) {
    Map<String, Known> groups = new HashMap<>();
    Renamer renamer = new Renamer(transforms);
    for (MemoryTensor tensor : memory) {
      Renamer.Match match = renamer.rename(tensor.name());
      match
          .conversion()
          .filter(conversion -> conversion.sources().size() > 1)
          .ifPresent(
              conversion ->
                  groups
                      .computeIfAbsent(
                          renamer.renamed(), name -> new Known(conversion, new HashMap<>()))
                      .bySource()
                      .put(match.source(), tensor));
    }
    List<MemoryTensor> all = new ArrayList<>(memory);
    groups.forEach((name, known) -> addMissing(known, published.get(name), all));
    return all;
  }

  private static void addMissing(Known known, TensorInfo joined, List<MemoryTensor> all) {
    List<String> missing =
        known.conversion().sources().stream()
            .filter(source -> !known.bySource().containsKey(source))
            .toList();
    if (missing.isEmpty() || joined == null) {
      return;
    }
    Map.Entry<String, MemoryTensor> first = known.bySource().entrySet().iterator().next();
    int dimension = known.conversion().operations().get(0).dimension();
    Optional<Shape> shape = shape(known, joined, dimension, missing.size());
    for (String source : missing) {
      String name = first.getValue().name().replace(first.getKey(), source);
      shape.ifPresent(found -> all.add(new MemoryTensor(name, found)));
    }
  }

  /** Returns the shape of each of the missing ones, which are alike. */
  private static Optional<Shape> shape(
      Known known, TensorInfo joined, int dimension, int missingCount) {
    long left = size(joined.shape(), dimension);
    for (MemoryTensor tensor : known.bySource().values()) {
      left -= size(tensor.shape(), dimension);
    }
    if (left <= 0 || left % missingCount != 0) {
      return Optional.empty();
    }
    long[] sizes = known.bySource().values().iterator().next().shape().toArray();
    sizes[dimension] = left / missingCount;
    return Optional.of(Shape.of(sizes));
  }

  private static long size(Shape shape, int dimension) {
    return dimension < shape.dimensions() ? shape.dimension(dimension) : 0;
  }
}
