package dev.cairn.policy;

import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * Tells a trainer after each step whether to save now, from the times that the trainer measures.
 *
 * <p>A save is due when the work that a failure would lose takes √(2·C·MTBF), C being the median of
 * the last stalls ({@link CostModel}), to the nearest step; not before the time that recent saves
 * took until their commit has passed; and at the last step. Work is what the steps took, but a step
 * that took more than 3 times the recent median counts as 3 times that: a first step that compiles,
 * an evaluation or a save in between does not bring the next save forward by much. Steps that
 * change their length for good are followed within half of the window of 32 steps. Nothing is due
 * before 5 steps have been measured.
 *
 * <p>There is no clock inside: the same calls give the same answers. Yet ranks measure different
 * times, and all of them must save at the same step, so <strong>only rank 0 asks, and its answer is
 * broadcast</strong> over the trainer's own process group. Cairn's communicator is not for that
 * while a save runs in the background, as the save uses it:
 *
 * <pre>{@code
 * boolean save = broadcastFromRankZero(rank == 0 && policy.shouldSave()); // by the trainer
 * }</pre>
 *
 * <p>Not safe for several threads: report what background saves took from the training thread.
 */
public final class CheckpointPolicy {
  private static final int STEP_WINDOW = 32;
  private static final int SAVE_WINDOW = 5;
  private static final int STEPS_TO_KNOW_OUTLIERS = 5;
  private static final int OUTLIER_FACTOR = 3;
  private static final int RETRIES_PER_INTERVAL = 4;
  private static final double NANOS_PER_SECOND = 1e9;

  private final PolicyOptions options;
  private final RecentTimes stepTimes;
  private final RecentTimes stalls;
  private final RecentTimes writes;
  private long steps;
  private long stepsSinceSave;
  private long elapsedNanos; // since the last attempt to save
  private long unsavedNanos; // work that a failure would lose
  private long pendingNanos; // work in the last save, as long as it may still fail
  private boolean lastSaveFailed;

  private CheckpointPolicy(PolicyOptions options, PolicyState state) {
    this.options = options;
    this.steps = state.steps();
    this.stepTimes = new RecentTimes(STEP_WINDOW, state.stepNanos());
    this.stalls = new RecentTimes(SAVE_WINDOW, state.stallNanos());
    this.writes = new RecentTimes(SAVE_WINDOW, state.writeNanos());
  }

  /**
   * {@return a policy for a training run that begins}
   *
   * @param options what the policy cannot measure
   */
  public static CheckpointPolicy start(PolicyOptions options) {
    return resume(options, new PolicyState(0, List.of(), List.of(), List.of()));
  }

  /**
   * {@return a policy for a training run that goes on from a checkpoint, with what it held}
   *
   * @param options what the policy cannot measure; may differ from before
   * @param state from {@link #state} of the policy that the run had
   */
  public static CheckpointPolicy resume(PolicyOptions options, PolicyState state) {
    return new CheckpointPolicy(options, state);
  }

  /** {@return what has been learned so far, a copy, to be stored in the checkpoint} */
  public PolicyState state() {
    return new PolicyState(steps, stepTimes.toList(), stalls.toList(), writes.toList());
  }

  /**
   * Takes note that a step is done.
   *
   * @param stepNanos how long it took, without the stall of a save
   * @throws IllegalArgumentException if that is negative
   */
  public void stepTook(long stepNanos) {
    Amount.requireNotNegative("stepNanos", stepNanos);
    stepTimes.add(stepNanos);
    steps++;
    stepsSinceSave++;
    elapsedNanos = addSaturating(elapsedNanos, stepNanos);
    long creditNanos = longestCreditNanos();
    if (stepTimes.size() == STEPS_TO_KNOW_OUTLIERS) {
      // Now that outliers can be told, the first steps are looked at once more.
      long count = Math.min(stepsSinceSave, STEPS_TO_KNOW_OUTLIERS);
      unsavedNanos = stepTimes.sumOfLast(count, creditNanos);
    } else {
      unsavedNanos = addSaturating(unsavedNanos, Math.min(stepNanos, creditNanos));
    }
  }

  private long longestCreditNanos() {
    long medianNanos = stepTimes.median().orElse(Long.MAX_VALUE);
    return medianNanos > Long.MAX_VALUE / OUTLIER_FACTOR
        ? Long.MAX_VALUE
        : OUTLIER_FACTOR * medianNanos;
  }

  /**
   * Takes note that training goes on after a save, which may still be writing.
   *
   * @param stallNanos how long training stood still
   * @throws IllegalArgumentException if that is negative
   */
  public void saveStalled(long stallNanos) {
    stalls.add(Amount.requireNotNegative("stallNanos", stallNanos));
    pendingNanos = unsavedNanos;
    unsavedNanos = 0;
    elapsedNanos = 0;
    stepsSinceSave = 0;
  }

  /**
   * Takes note that the last save is committed.
   *
   * @param writeNanos how long that took from its start; for a save that is committed when the call
   *     returns, the stall
   * @throws IllegalArgumentException if that is negative
   */
  public void saveCommitted(long writeNanos) {
    writes.add(Amount.requireNotNegative("writeNanos", writeNanos));
    pendingNanos = 0;
    lastSaveFailed = false;
  }

  /**
   * Takes note that the last save failed: what it was to keep is unsaved again, and the next try
   * comes after a quarter of the interval.
   */
  public void saveFailed() {
    unsavedNanos = addSaturating(unsavedNanos, pendingNanos);
    pendingNanos = 0;
    elapsedNanos = 0;
    lastSaveFailed = true;
  }

  /**
   * {@return whether to save now, after the step that was reported last; rank 0's answer counts}
   */
  public boolean shouldSave() {
    if (stepsSinceSave == 0) {
      return false;
    }
    if (options.totalSteps().isPresent() && steps >= options.totalSteps().getAsLong()) {
      return true;
    }
    if (elapsedNanos < writes.longest()) {
      return false; // one save at a time: the one before is probably still writing
    }
    OptionalDouble interval = intervalSeconds();
    return interval.isPresent()
        ? isDue(interval.getAsDouble() * NANOS_PER_SECOND)
        : stepsSinceSave >= options.firstSaveSteps();
  }

  private boolean isDue(double intervalNanos) {
    double halfStepNanos = stepTimes.median().orElse(0) / 2.0;
    if (lastSaveFailed && elapsedNanos + halfStepNanos < intervalNanos / RETRIES_PER_INTERVAL) {
      return false;
    }
    return stepTimes.size() >= STEPS_TO_KNOW_OUTLIERS
        && unsavedNanos + halfStepNanos >= intervalNanos;
  }

  /**
   * {@return the time between two saves that costs least, as far as is known now; empty before the
   * first save if nobody said what it costs}
   */
  public OptionalDouble intervalSeconds() {
    OptionalLong stallNanos = stalls.median();
    if (stallNanos.isEmpty() && options.stallSeconds().isEmpty()) {
      return OptionalDouble.empty();
    }
    double stallSeconds =
        stallNanos.isPresent()
            ? stallNanos.getAsLong() / NANOS_PER_SECOND
            : options.stallSeconds().getAsDouble();
    return OptionalDouble.of(CostModel.optimumSeconds(stallSeconds, options.mtbfSeconds()));
  }

  /**
   * {@return how much work a failure at a random moment costs in expectation: what is trained while
   * a save is written, and half of what comes between two saves} Empty as long as {@link
   * #intervalSeconds} is.
   */
  public OptionalDouble expectedLossSeconds() {
    return lossSeconds(0.5);
  }

  /**
   * {@return how many seconds of work a failure costs at most: one just before a save is committed;
   * empty as long as {@link #intervalSeconds} is}
   */
  public OptionalDouble largestLossSeconds() {
    return lossSeconds(1);
  }

  private OptionalDouble lossSeconds(double intervals) {
    OptionalDouble interval = intervalSeconds();
    double writeSeconds = writes.longest() / NANOS_PER_SECOND;
    return interval.isEmpty()
        ? OptionalDouble.empty()
        : OptionalDouble.of(
            writeSeconds + intervals * Math.max(writeSeconds, interval.getAsDouble()));
  }

  static long addSaturating(long a, long b) {
    return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
  }
}
