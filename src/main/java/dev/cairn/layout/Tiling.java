package dev.cairn.layout;

import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Boxes that fill a tensor, cut so that every element is in exactly one of them.
 *
 * <p>Where boxes overlap the first of them owns the elements, and the overlap is listed: what the
 * others hold there has to be the same. Immutable and pure; any thread.
 *
 * @param shape of the tensor
 * @param tiles by their first element; together each element once, none empty
 * @param overlaps what further boxes hold of the same elements, none empty
 */
public record Tiling(Shape shape, List<Tile> tiles, List<Overlap> overlaps) {
  /** A tensor in more pieces than this is refused: no mesh is that large. */
  public static final int MAX_BOXES = 1 << 16;

  /** A grid takes a few for each box; boxes made to waste time take more. */
  private static final long MAX_COMPARISONS = 5_000_000;

  /**
   * Elements that one box owns.
   *
   * @param box in the tensor
   * @param owner which of the boxes that were given
   */
  public record Tile(Box box, int owner) {}

  /**
   * Elements that two boxes have.
   *
   * @param box in the tensor
   * @param other which of the boxes that were given; it owns none of these elements
   */
  public record Overlap(Box box, int other) {}

  /**
   * Fills a tensor with boxes.
   *
   * @param shape of the tensor
   * @param boxes may be empty or overlap
   * @return the boxes, cut
   * @throws IllegalArgumentException if a box does not lie in the tensor, elements are in none, or
   *     there are more boxes than a mesh can have
   */
  public static Tiling of(Shape shape, List<Box> boxes) {
    if (boxes.size() > MAX_BOXES) {
      throw new IllegalArgumentException(
          "tensor is in too many pieces: pieces=" + boxes.size() + ", limit=" + MAX_BOXES);
    }
    Cutting cutting = new Cutting(shape);
    for (Tile own : distinct(shape, boxes, cutting.overlaps)) {
      cutting.add(own.box(), own.owner());
    }
    cutting.requireWhole();
    cutting.tiles.sort(byFirstElement(shape));
    return new Tiling(shape, List.copyOf(cutting.tiles), List.copyOf(cutting.overlaps));
  }

  /** Returns each box once and in order; further ones of the same elements are overlaps. */
  private static List<Tile> distinct(Shape shape, List<Box> boxes, List<Overlap> overlaps) {
    Map<Box, Integer> seen = new HashMap<>();
    List<Tile> distinct = new ArrayList<>();
    for (int i = 0; i < boxes.size(); i++) {
      Box box = boxes.get(i);
      if (!box.liesIn(shape)) {
        throw new IllegalArgumentException(
            "piece goes beyond the tensor: piece=" + box + ", shape=" + shape);
      }
      if (box.isEmpty()) {
        continue;
      }
      if (seen.putIfAbsent(box, i) == null) {
        distinct.add(new Tile(box, i));
      } else {
        overlaps.add(new Overlap(box, i));
      }
    }
    distinct.sort(byFirstElement(shape));
    return distinct;
  }

  private static Comparator<Tile> byFirstElement(Shape shape) {
    return Comparator.comparingLong(tile -> tile.box().elementAt(shape, 0));
  }

  /**
   * Returns the tile that an element is in.
   *
   * @param element counted row-major in the tensor
   * @return index in {@link #tiles}
   */
  public int tileAt(long element) {
    int low = 0; // the last tile that begins at or before the element, then back to one that has it
    int high = tiles.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (tiles.get(middle).box().elementAt(shape, 0) <= element) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    while (tiles.get(low).box().indexOf(shape, element) < 0) {
      low--;
    }
    return low;
  }

  /** Adds one box after the other; what is taken already is an overlap. */
  private static final class Cutting {
    private final Shape shape;
    private final List<Tile> tiles = new ArrayList<>();
    private final List<Overlap> overlaps = new ArrayList<>();

    /** Those of the tiles that a later box may overlap: it begins no earlier than this one. */
    private final List<Tile> open = new ArrayList<>();

    private long comparisons;

    Cutting(Shape shape) {
      this.shape = shape;
    }

    void add(Box box, int owner) {
      if (box.dimensions() > 0) {
        open.removeIf(tile -> tile.box().end(0) <= box.begin(0));
      }
      comparisons += open.size();
      List<Box> rest = List.of(box);
      for (Tile tile : open) {
        if (rest.isEmpty()) {
          break;
        }
        rest = touches(box, tile.box()) ? cut(rest, tile.box(), owner) : rest;
        requireFew();
      }
      for (Box part : rest) {
        tiles.add(new Tile(part, owner));
        open.add(new Tile(part, owner));
      }
    }

    private List<Box> cut(List<Box> parts, Box taken, int owner) {
      List<Box> left = new ArrayList<>();
      for (Box part : parts) {
        comparisons++;
        Box common = part.common(taken);
        if (!common.isEmpty()) {
          overlaps.add(new Overlap(common, owner));
        }
        left.addAll(part.without(taken));
      }
      return left;
    }

    private void requireFew() {
      if (comparisons > MAX_COMPARISONS || overlaps.size() + tiles.size() > 4 * MAX_BOXES) {
        throw new IllegalArgumentException(
            "pieces of the tensor overlap in too many ways: shape=" + shape);
      }
    }

    private static boolean touches(Box box, Box other) {
      for (int i = 0; i < box.dimensions(); i++) {
        if (box.end(i) <= other.begin(i) || other.end(i) <= box.begin(i)) {
          return false;
        }
      }
      return true;
    }

    void requireWhole() {
      long covered = tiles.stream().mapToLong(tile -> tile.box().elements()).sum();
      if (covered != shape.elements()) {
        throw new IllegalArgumentException(
            "pieces leave a hole in the tensor: hole="
                + hole()
                + ", shape="
                + shape
                + ", missing elements="
                + (shape.elements() - covered));
      }
    }

    /** Returns a box that nobody has, for the message. */
    private Box hole() {
      List<Box> rest = List.of(Box.whole(shape));
      for (Tile tile : tiles) {
        List<Box> left = new ArrayList<>();
        for (Box part : rest) {
          left.addAll(part.without(tile.box()));
        }
        rest = left.size() > 1000 ? left.subList(0, 1000) : left;
      }
      return rest.get(0);
    }
  }

  /**
   * Returns the cut of {@code torch.chunk}: pieces of {@code ceil(length / count)}, the last ones
   * shorter or empty.
   *
   * @param length what is cut
   * @param count how many pieces
   * @return where each piece begins, and the length
   */
  public static long[] chunks(long length, int count) {
    long part = Zero3Layout.ceilDiv(length, count);
    long[] begins = new long[count + 1];
    Arrays.setAll(begins, i -> Math.min(length, part * i));
    return begins;
  }
}
