package dev.cairn.benchmarks;

import dev.cairn.benchmarks.candidates.Candidate;
import dev.cairn.benchmarks.report.Goal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Something to do, the ways of doing it, and what is aimed at.
 *
 * @param name for the command line and the results
 * @param title for a reader
 * @param writtenBytes the most that a candidate writes: as much fresh memory is made ready before
 *     every run; 0 where nothing is written
 * @param input what has to be there on the disk
 * @param starts started only when the work is measured; those that this machine lacks or nobody
 *     asked for are not there
 * @param goals those whose candidates are missing are passed over
 */
record Work(
    String name,
    String title,
    long writtenBytes,
    Input input,
    List<Start> starts,
    List<Goal> goals) {
  /**
   * A candidate that can be started.
   *
   * @param name for tables and goals
   * @param lengthBytes that it moves, for bytes per second; 0 where that says nothing
   * @param opening makes it, ready to run
   */
  record Start(String name, long lengthBytes, Opening opening) {}

  /** Makes what candidates read. */
  interface Input {
    /** Nothing. */
    Input NONE = folder -> {};

    /** Writes files into the folder, which is there and empty. */
    void make(Path folder) throws IOException;
  }

  /** Starts a candidate. */
  interface Opening {
    /** Returns the candidate, ready to run. */
    Candidate open() throws IOException;
  }
}
