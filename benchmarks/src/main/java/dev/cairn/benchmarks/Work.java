package dev.cairn.benchmarks;

import java.io.IOException;
import java.util.List;

/**
 * Something to do, the ways of doing it, and what is aimed at.
 *
 * @param name for the command line and the results
 * @param title for a reader
 * @param lengthBytes that each candidate moves, for bytes per second; 0 where that says nothing
 * @param isWriting whether fresh pages are needed, so that memory is warmed before every run; it
 *     would drive what is only read out of the page cache
 * @param candidates started only when the work is measured; a way that this machine lacks starts
 *     empty
 * @param goals those whose candidates are missing are passed over
 */
record Work(
    String name,
    String title,
    long lengthBytes,
    boolean isWriting,
    List<Start> candidates,
    List<Goal> goals) {
  /** Starts a candidate. */
  interface Start {
    /** Returns the candidate, ready to run. */
    Candidate start() throws IOException;
  }
}
