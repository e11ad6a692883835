package dev.cairn.restore;

/** Whose turn it is: each rank's first, each rank's second, and so on. Any thread. */
final class Turns {
  private final int[] counts;
  private int most;
  private int rank = -1;
  private int number;

  /**
   * Prepares the turns.
   *
   * @param counts how many each rank has
   */
  Turns(int[] counts) {
    this.counts = counts;
    for (int count : counts) {
      most = Math.max(most, count);
    }
  }

  /** One of a rank's turns, numbered from 0. */
  record Turn(int rank, int number) {}

  /** Returns the next turn; null when all have had theirs. */
  synchronized Turn take() {
    while (number < most) {
      rank++;
      if (rank == counts.length) {
        rank = -1;
        number++;
      } else if (number < counts[rank]) {
        return new Turn(rank, number);
      }
    }
    return null;
  }
}
