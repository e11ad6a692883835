package dev.cairn.policy;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;

/** The last few durations of one kind. One thread. */
final class RecentTimes {
  private final Deque<Long> nanos = new ArrayDeque<>();
  private final int capacity;

  RecentTimes(int capacity, List<Long> earlierNanos) {
    this.capacity = capacity;
    earlierNanos.forEach(this::add);
  }

  void add(long durationNanos) {
    if (nanos.size() == capacity) {
      nanos.removeFirst();
    }
    nanos.addLast(durationNanos);
  }

  int size() {
    return nanos.size();
  }

  /** Returns the middle one, the lower of two; a few outliers do not move it. */
  OptionalLong median() {
    return nanos.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(nanos.stream().sorted().toList().get((nanos.size() - 1) / 2));
  }

  /** Returns the longest, 0 if there is none. */
  long longest() {
    return nanos.stream().mapToLong(Long::longValue).max().orElse(0);
  }

  /** Returns the sum of the last {@code count}, each counted as {@code mostNanos} at most. */
  long sumOfLast(long count, long mostNanos) {
    return nanos.stream()
        .skip(nanos.size() - count)
        .map(duration -> Math.min(duration, mostNanos))
        .reduce(0L, CheckpointPolicy::addSaturating);
  }

  /** Returns all, oldest first. */
  List<Long> toList() {
    return List.copyOf(nanos);
  }
}
