package dev.cairn;

import dev.cairn.model.ParameterSet;

/**
 * What a save works on.
 *
 * @param contents the tensors where they lie now: in a snapshot, or in the trainer's memory
 * @param given the model as the trainer gave it; of its partitions only the place counts
 * @param excess what still lies in the trainer's memory
 */
record Taken(SaveContents contents, ParameterSet given, Excess excess) {
  /** Nothing was copied, and the trainer waits. */
  static Taken borrowed(SaveContents contents) {
    return new Taken(contents, contents.model(), Excess.none());
  }

  Taken withExcess(Excess other) {
    return new Taken(contents, given, other);
  }
}
