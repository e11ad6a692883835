package dev.cairn;

import java.io.IOException;

/**
 * A save that a rank does not begin because its last one still runs. All ranks hear of it as of any
 * other failure, so that none waits for a save that another has not begun.
 */
final class Refusal {
  private static final String REASON = "refused, as the save before still runs";

  private Refusal() {}

  /** Joins the ranks that do begin the save, to tell them. Throws always. */
  static SaveReport tell(Ranks ranks) throws IOException {
    ranks.communicator().control().begin();
    ranks.together(
        () -> {
          throw new IllegalStateException(REASON);
        });
    throw new IllegalStateException("a refused save has begun");
  }

  static boolean is(Throwable failure) {
    return failure instanceof CheckpointException e && e.reason().equals(REASON);
  }
}
