package dev.cairn.simulation.history;

import java.util.Set;

/**
 * What a checkpoint holds, as its bytes say.
 *
 * @param stamps of all elements and of the trainer's own bytes: one, if it is one save
 * @param isWhole whether all tensors are there, every element in its place
 * @param verifies whether the product's verification finds nothing wrong; only known of what is not
 *     whole or not one save, or if all were asked
 */
public record Contents(Set<Integer> stamps, boolean isWhole, boolean verifies) {
  public boolean isOne() {
    return isWhole && stamps.size() == 1;
  }

  /** Returns what it is a save of. */
  public int stamp() {
    return stamps.iterator().next();
  }
}
