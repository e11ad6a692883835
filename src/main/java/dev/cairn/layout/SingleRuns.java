package dev.cairn.layout;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.RandomAccess;

/** Every run of strided ranges as a range of its own; made when it is asked for. */
final class SingleRuns extends AbstractList<ElementRange> implements RandomAccess {
  private final List<StridedRange> strided;
  private final long[] ends;

  /**
   * Lists the runs.
   *
   * @throws IllegalArgumentException if there are more than a list can have
   */
  SingleRuns(List<StridedRange> strided) {
    this.strided = strided;
    this.ends = new long[strided.size()];
    long runs = 0;
    for (int index = 0; index < ends.length; index++) {
      runs += strided.get(index).count();
      ends[index] = runs;
    }
    if (runs > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("slice is in too many runs to be listed: runs=" + runs);
    }
  }

  @Override
  public ElementRange get(int index) {
    if (index < 0 || index >= size()) {
      throw new IndexOutOfBoundsException("no such run: index=" + index + ", runs=" + size());
    }
    int found = Arrays.binarySearch(ends, index);
    int range = found >= 0 ? found + 1 : -found - 1;
    return strided.get(range).run(index - (range == 0 ? 0 : ends[range - 1]));
  }

  @Override
  public int size() {
    return ends.length == 0 ? 0 : (int) ends[ends.length - 1];
  }
}
