package dev.cairn.simulation.history;

import java.util.List;

/**
 * A job: its ranks open the run, make their calls and close it.
 *
 * @param setup the ranks' options
 * @param calls for each rank
 * @param faults that wait for their moment
 * @param goesOn whether trainers catch what is thrown and make the next call; otherwise they stop
 */
public record Generation(Setup setup, List<List<Call>> calls, List<Fault> faults, boolean goesOn) {
  public int ranks() {
    return calls.size();
  }
}
