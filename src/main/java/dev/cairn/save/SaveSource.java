package dev.cairn.save;

import dev.cairn.model.ParameterSet;

/**
 * What a save works on.
 *
 * @param contents the tensors where they lie now: in a snapshot, or in the trainer's memory
 * @param given the model as the trainer gave it; of its partitions only the place counts
 * @param excess what still lies in the trainer's memory
 */
public record SaveSource(SaveContents contents, ParameterSet given, OverBudget excess) {
  /** Nothing was copied, and the trainer waits. */
  public static SaveSource borrowed(SaveContents contents) {
    return new SaveSource(contents, contents.model(), OverBudget.none());
  }

  SaveSource withExcess(OverBudget other) {
    return new SaveSource(contents, given, other);
  }
}
