package dev.cairn.run;

import dev.cairn.options.CheckpointException;
import dev.cairn.options.SaveReport;
import dev.cairn.ranks.Operation;
import dev.cairn.ranks.Ranks;
import java.io.IOException;
import java.util.stream.Stream;

/**
 * A save that a rank does not begin because its last one still runs. All ranks hear of it as of any
 * other failure, so that none waits for a save that another has not begun.
 */
public final class BusySave {
  private static final String REASON = "refused, as the save before still runs";

  private BusySave() {}

  /** Joins the ranks that do begin the save, to tell them. Throws always. */
  public static SaveReport tell(Ranks ranks, String call) throws IOException {
    return ranks.run(
        Operation.SAVE,
        call,
        () -> {
          throw new IllegalStateException(REASON);
        });
  }

  /** Returns whether a save failed because some rank refused it. */
  static boolean is(Throwable failure) {
    // What a rank's caller did wrong is thrown as such there, and has the common failure with it.
    return Stream.concat(Stream.of(failure), Stream.of(failure.getSuppressed()))
        .anyMatch(thrown -> thrown instanceof CheckpointException e && e.reason().equals(REASON));
  }
}
