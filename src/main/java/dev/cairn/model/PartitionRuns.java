package dev.cairn.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Several places that one after the other are a partition. */
final class PartitionRuns {
  private final List<Partition> runs = new ArrayList<>();
  private final long[] ends;

  /** A byte of one of the runs. */
  record Place(Partition run, long byteOffset) {}

  /** Keeps what is not empty. */
  PartitionRuns(List<Partition> given) {
    long[] sums = new long[given.size()];
    long end = 0;
    for (Partition run : given) {
      if (run.lengthBytes() > 0) {
        end += run.lengthBytes();
        sums[runs.size()] = end;
        runs.add(run);
      }
    }
    ends = Arrays.copyOf(sums, runs.size());
  }

  List<Partition> all() {
    return runs;
  }

  long lengthBytes() {
    return ends.length == 0 ? 0 : ends[ends.length - 1];
  }

  /** Returns where a byte is; the caller has checked that it is there. */
  Place find(long byteOffset) {
    int found = Arrays.binarySearch(ends, byteOffset);
    int index = found >= 0 ? found + 1 : -found - 1;
    return new Place(runs.get(index), byteOffset - (index == 0 ? 0 : ends[index - 1]));
  }
}
