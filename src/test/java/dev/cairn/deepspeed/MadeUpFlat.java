package dev.cairn.deepspeed;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Flat masters of one rank: runs of parameters, and padding. */
final class MadeUpFlat {
  private final List<Run> runs;
  private final long begin;
  private final long end;

  /** Elements [first, first + elements) of a parameter of {@code whole} elements, at {@code at}. */
  private record Run(String name, long first, long whole, long at, long elements) {}

  private MadeUpFlat(List<Run> runs, long begin, long end) {
    this.runs = runs;
    this.begin = begin;
    this.end = end;
  }

  /** All that {@code rank} holds: of each parameter ceil(elements / worldSize), padded. */
  static MadeUpFlat zero3(List<Map<String, Shape>> groups, int rank, int worldSize) {
    List<Run> runs = new ArrayList<>();
    long at = 0;
    for (Map<String, Shape> group : groups) {
      for (Map.Entry<String, Shape> entry : group.entrySet()) {
        long whole = entry.getValue().elements();
        long partition = (whole + worldSize - 1) / worldSize;
        runs.add(new Run(entry.getKey(), rank * partition, whole, at, partition));
        at += partition;
      }
    }
    return new MadeUpFlat(runs, 0, at);
  }

  /** One rank's slice of a group whose length is aligned to 2 * worldSize. */
  static MadeUpFlat zero12(Map<String, Shape> group, int rank, int worldSize, boolean strip) {
    List<Run> runs = new ArrayList<>();
    long at = 0;
    for (Map.Entry<String, Shape> entry : group.entrySet()) {
      long whole = entry.getValue().elements();
      runs.add(new Run(entry.getKey(), 0, whole, at, whole));
      at += whole;
    }
    long aligned = (at + 2L * worldSize - 1) / (2L * worldSize) * 2L * worldSize;
    runs.add(new Run("padding", 0, 0, at, aligned - at));
    long partition = aligned / worldSize;
    long end = (rank + 1) * partition;
    long stripped = strip && rank == worldSize - 1 ? Math.min(partition, aligned - at) : 0;
    return new MadeUpFlat(runs, rank * partition, end - stripped);
  }

  MadeUpFlat part(long partBegin, long partEnd) {
    return new MadeUpFlat(runs, begin + partBegin, begin + partEnd);
  }

  long elements() {
    return end - begin;
  }

  void fill(long byteOffset, ByteBuffer target) {
    long at = begin + byteOffset / 4;
    int limit = target.limit();
    for (Run run : runs) {
      if (at >= run.at() && at < run.at() + run.elements() && target.hasRemaining()) {
        long inRun = at - run.at();
        long count = Math.min(run.elements() - inRun, target.remaining() / 4);
        target.limit(target.position() + (int) (4 * count));
        new MadeUpValues(run.name(), DType.F32, run.first() + inRun, run.whole()).fill(0, target);
        target.limit(limit);
        at += count;
      }
    }
  }
}
