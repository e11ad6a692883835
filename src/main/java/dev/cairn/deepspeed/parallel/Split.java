package dev.cairn.deepspeed.parallel;

import dev.cairn.layout.Box;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * How one parameter is split over the tensor-parallel ranks.
 *
 * @param whole shape of the whole parameter
 * @param parts per rank, which of its elements are which of the whole
 */
public record Split(Shape whole, List<List<Part>> parts) {
  /**
   * Elements of one rank.
   *
   * @param box in the whole parameter
   * @param own the same elements in what the rank holds
   */
  public record Part(Box box, Box own) {}

  /** Every rank has the whole parameter. */
  public static Split replicated(Shape shape, int ranks) {
    Part all = new Part(Box.whole(shape), Box.whole(shape));
    return new Split(shape, Collections.nCopies(ranks, List.of(all)));
  }

  /**
   * Cuts along one dimension.
   *
   * @param shapes what each rank holds
   * @param widths per sub-parameter and rank, its extent along the dimension; one sub-parameter
   *     where the parameter is not put together from several
   * @param limit extent of the whole along the dimension, where there is padding after it
   */
  static Split along(int dimension, List<Shape> shapes, long[][] widths, long limit) {
    long extent = 0;
    for (long[] ranks : widths) {
      for (long width : ranks) {
        extent = Math.addExact(extent, width);
      }
    }
    long[] whole = shapes.get(0).toArray();
    whole[dimension] = Math.min(extent, limit);
    Shape shape = Shape.of(whole);
    List<List<Part>> parts = new ArrayList<>();
    shapes.forEach(rank -> parts.add(new ArrayList<>()));
    long[] ownBegins = new long[shapes.size()];
    long begin = 0;
    for (long[] ranks : widths) {
      for (int rank = 0; rank < ranks.length; rank++) {
        long width = Math.max(0, Math.min(ranks[rank], whole[dimension] - begin));
        if (width > 0) {
          Box box = Box.slice(shape, dimension, begin, width);
          Box own = Box.slice(shapes.get(rank), dimension, ownBegins[rank], width);
          parts.get(rank).add(new Part(box, own));
        }
        begin += ranks[rank];
        ownBegins[rank] += ranks[rank];
      }
    }
    return new Split(shape, parts);
  }
}
