package dev.cairn.benchmarks.candidates;

import java.io.IOException;
import java.nio.file.Path;

/** One way to do a piece of work, measured in turn with others. */
public interface Candidate extends AutoCloseable {
  /**
   * Does the work once.
   *
   * @param target a path that does not exist, for what is written
   */
  Measured run(Path target) throws IOException;

  /** Returns how the work is done, if there is more to say than the name; or an empty text. */
  default String note() {
    return "";
  }

  /**
   * Returns how often it runs before the first round.
   *
   * @param asked enough for a process that stays
   */
  default int uncounted(int asked) {
    return asked;
  }

  @Override
  default void close() throws IOException {}

  /**
   * What one run took.
   *
   * @param seconds as the candidate measured them itself, or the whole process
   * @param memoryBytes that the largest process took for the run, or in all if it did nothing but
   *     the run; -1 if unknown
   * @param files that the model was saved in; -1 if unknown
   * @param sentBytes that rank 0 has sent to the others; -1 if unknown
   */
  public record Measured(double seconds, long memoryBytes, int files, long sentBytes) {
    public static Measured of(double seconds) {
      return new Measured(seconds, -1, -1, -1);
    }
  }
}
