package dev.cairn.benchmarks;

import java.io.IOException;
import java.nio.file.Path;

/** One way to do a piece of work, measured in turn with others. */
interface Candidate extends AutoCloseable {
  /** Returns the name that tables and goals use. */
  String name();

  /**
   * Does the work once.
   *
   * @param target a path that does not exist, for what is written
   */
  Measured run(Path target) throws IOException;

  @Override
  void close() throws IOException;

  /**
   * What one run took.
   *
   * @param seconds as the candidate measured them itself, or the whole process
   * @param growthBytes of the largest process's resident memory, above what it had; -1 if unknown
   */
  record Measured(double seconds, long growthBytes) {}
}
