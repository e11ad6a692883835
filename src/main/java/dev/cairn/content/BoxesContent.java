package dev.cairn.content;

import dev.cairn.io.SourceRange;
import dev.cairn.layout.Box;
import dev.cairn.layout.Tiling;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A tensor that several holders have boxes of, which fill it exactly. */
public final class BoxesContent implements Content {
  private final Shape shape;
  private final List<Piece> pieces;
  private final Tiling tiling;

  /**
   * What one holder has.
   *
   * @param box in the tensor
   * @param content its elements, row-major
   */
  public record Piece(Box box, Content content) {}

  private BoxesContent(Shape shape, List<Piece> pieces, Tiling tiling) {
    this.shape = shape;
    this.pieces = pieces;
    this.tiling = tiling;
  }

  /**
   * Puts a tensor together.
   *
   * @param what the tensor's name and where it was found, for messages
   * @throws CorruptFileException if the pieces leave a hole, go beyond the tensor, or have
   *     different dtypes
   */
  public static Content of(String what, Shape shape, List<Piece> pieces)
      throws CorruptFileException {
    for (Piece piece : pieces) {
      if (piece.content().dtype() != pieces.get(0).content().dtype()) {
        throw new CorruptFileException(
            "pieces of a tensor have different dtypes: dtype="
                + piece.content().dtype()
                + ", expected "
                + pieces.get(0).content().dtype()
                + ", "
                + what);
      }
    }
    try {
      Tiling tiling = Tiling.of(shape, pieces.stream().map(Piece::box).toList());
      return pieces.size() == 1
          ? pieces.get(0).content()
          : new BoxesContent(shape, List.copyOf(pieces), tiling);
    } catch (IllegalArgumentException e) {
      throw new CorruptFileException(e.getMessage() + ", " + what, e);
    }
  }

  /** Returns along which dimensions holders have boxes of a tensor; none where each has all. */
  public static List<Integer> cut(Content content) {
    return content instanceof BoxesContent boxes ? cut(boxes.shape, boxes.pieces) : List.of();
  }

  /** Returns along which dimensions pieces are cut. */
  public static List<Integer> cut(Shape shape, List<Piece> pieces) {
    List<Integer> cut = new ArrayList<>();
    for (int i = 0; i < shape.dimensions(); i++) {
      int dimension = i;
      if (pieces.stream()
          .map(Piece::box)
          .anyMatch(
              box ->
                  !box.isEmpty()
                      && box.extents().dimension(dimension) < shape.dimension(dimension))) {
        cut.add(i);
      }
    }
    return cut;
  }

  @Override
  public DType dtype() {
    return pieces.isEmpty() ? DType.F32 : pieces.get(0).content().dtype();
  }

  @Override
  public void visit(long begin, long end, SourceRange.Visitor visitor) throws IOException {
    walk(begin, end, visitor, Content::visit);
  }

  @Override
  public void visitReplicas(long begin, long end, SourceRange.Visitor visitor) throws IOException {
    if (pieces.stream().anyMatch(piece -> piece.content().hasReplicas())) {
      walk(begin, end, visitor, Content::visitReplicas);
    }
    for (Tiling.Overlap overlap : tiling.overlaps()) {
      Box common = overlap.box();
      for (long index = firstIndex(common, begin); index < common.elements(); ) {
        long element = common.elementAt(shape, index);
        if (element >= end) {
          break;
        }
        long run = Math.min(common.runAt(shape, index), end - element);
        visit(pieces.get(overlap.other()), element, element + run, visitor, Content::visit);
        index += run;
      }
    }
  }

  @Override
  public boolean hasReplicas() {
    return !tiling.overlaps().isEmpty()
        || pieces.stream().anyMatch(piece -> piece.content().hasReplicas());
  }

  private void walk(long begin, long end, SourceRange.Visitor visitor, Step step)
      throws IOException {
    for (long at = begin; at < end; ) {
      Tiling.Tile tile = tiling.tiles().get(tiling.tileAt(at));
      long run = tile.box().runAt(shape, tile.box().indexOf(shape, at));
      long stop = Math.min(end, at + run);
      visit(pieces.get(tile.owner()), at, stop, visitor, step);
      at = stop;
    }
  }

  /** Visits elements that lie side by side in the tensor, some of them perhaps not in the piece. */
  private void visit(Piece piece, long begin, long end, SourceRange.Visitor visitor, Step step)
      throws IOException {
    for (long at = begin; at < end; ) {
      long index = piece.box().indexOf(shape, at);
      long stop = Math.min(end, at + piece.box().runAt(shape, index));
      long moved = at - index;
      step.visit(
          piece.content(), index, index + (stop - at), range -> visitor.visit(range.moved(moved)));
      at = stop;
    }
  }

  /** Returns the first element of a box that is at or after one of the tensor. */
  private long firstIndex(Box box, long element) {
    long low = 0;
    long high = box.elements();
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (box.elementAt(shape, middle) < element) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** What is visited of a piece. */
  @FunctionalInterface
  private interface Step {
    void visit(Content content, long begin, long end, SourceRange.Visitor visitor)
        throws IOException;
  }
}
