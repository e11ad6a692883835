package dev.cairn.layout;

import java.util.Arrays;
import java.util.List;

/**
 * The ranks as a grid, as torch's {@code DeviceMesh}: {@code Mesh.of(2, 4)} has ranks 0 to 3 in its
 * first row and 4 to 7 in its second. Immutable; any thread.
 *
 * @param sizes how many ranks along each mesh dimension, the outermost first
 */
public record Mesh(List<Integer> sizes) {
  /**
   * Checks the sizes.
   *
   * @param sizes at least one, each 1 or more
   * @throws IllegalArgumentException if there is none, or one is less than 1
   * @throws ArithmeticException if there are more ranks than an int can count
   */
  public Mesh {
    sizes = List.copyOf(sizes);
    if (sizes.isEmpty() || sizes.stream().anyMatch(size -> size < 1)) {
      throw new IllegalArgumentException("bad mesh: sizes=" + sizes + ", expected 1 or more each");
    }
    var unused = count(sizes);
  }

  private static int count(List<Integer> sizes) {
    return sizes.stream().reduce(1, Math::multiplyExact);
  }

  /**
   * {@return the mesh of these sizes}
   *
   * @param sizes how many ranks along each mesh dimension, the outermost first
   * @throws IllegalArgumentException if there is none, or one is less than 1
   */
  public static Mesh of(int... sizes) {
    return new Mesh(Arrays.stream(sizes).boxed().toList());
  }

  /** {@return how many mesh dimensions there are} */
  public int dimensions() {
    return sizes.size();
  }

  /** {@return how many ranks there are} */
  public int ranks() {
    return count(sizes);
  }

  /**
   * {@return a rank's place along a mesh dimension}
   *
   * @param rank in [0, {@link #ranks})
   * @param dimension counted from the outermost, 0
   */
  public int coordinate(int rank, int dimension) {
    int rest = rank;
    for (int inner = sizes.size() - 1; inner > dimension; inner--) {
      rest /= sizes.get(inner);
    }
    return rest % sizes.get(dimension);
  }
}
