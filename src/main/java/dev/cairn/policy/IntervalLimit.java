package dev.cairn.policy;

/** What decides an interval between saves. */
public enum IntervalLimit {
  /** Nothing but the expected cost, which is least there. */
  COST_OPTIMUM("cost optimum"),
  /** There is nothing shorter than one step. */
  ONE_STEP("one step"),
  /** A save may begin only when the one before is committed. */
  BACKGROUND_WRITE("background write"),
  /** All checkpoints are kept, and more of them do not fit. */
  DISK_BUDGET("disk budget"),
  /** The run ends before: one save, at its end. */
  TOTAL_STEPS("total steps");

  private final String words;

  IntervalLimit(String words) {
    this.words = words;
  }

  /** Returns the limit in words, as reports show it. */
  @Override
  public String toString() {
    return words;
  }
}
