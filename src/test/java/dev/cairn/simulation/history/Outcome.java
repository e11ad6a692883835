package dev.cairn.simulation.history;

import java.util.regex.Pattern;

/**
 * What a rank is told of a call.
 *
 * @param result how it ended
 * @param step the step that was found or read back
 * @param stamp what the elements say that were read back
 * @param isBroken whether the ranks cannot reach each other any more
 * @param text what was thrown
 */
public record Outcome(Result result, long step, int stamp, boolean isBroken, String text) {
  /** Rank 0 died in the commit, or the commit failed and could not be undone. */
  private static final Pattern UNKNOWN =
      Pattern.compile(
          "the checkpoint is whole if it is there|what had been done was not taken back");

  /** A cancellation, or a call that is another rank's too, leaves the ranks in touch. */
  private static final Pattern BROKEN =
      Pattern.compile(
          "closed (the|its) connection|timed out|has closed its communicator|collectives out of"
              + " step");

  /** How a call can end, as far as a rank is told. */
  public enum Result {
    COMMITTED,
    FOUND,
    NOTHING_FOUND,
    RESTORED,
    /** What was read back is no single save. */
    MIXED,
    /** A save in the background has begun. */
    BEGUN,
    DONE,
    FAILED,
    /** It failed in the commit: whether there is a checkpoint is not known. */
    UNKNOWN
  }

  public static Outcome of(Result result) {
    return new Outcome(result, -1, -1, false, "");
  }

  public static Outcome found(long step) {
    return new Outcome(Result.FOUND, step, -1, false, "");
  }

  /** Returns what was thrown, as this text. */
  public static Outcome failed(Throwable thrown, String text) {
    boolean isUnknown = UNKNOWN.matcher(String.valueOf(thrown.getMessage())).find();
    boolean isBroken = BROKEN.matcher(String.valueOf(thrown.getMessage())).find();
    return new Outcome(isUnknown ? Result.UNKNOWN : Result.FAILED, -1, -1, isBroken, text);
  }

  public boolean isFailure() {
    return result == Result.FAILED || result == Result.UNKNOWN || result == Result.MIXED;
  }

  @Override
  public String toString() {
    return result
        + (step >= 0 ? " " + step : "")
        + (stamp >= 0 ? " stamp " + stamp : "")
        + (isBroken ? " (broken)" : "")
        + (text.isEmpty() ? "" : " " + text);
  }
}
