package dev.cairn.simulation.world;

import java.time.Instant;
import java.util.SplittableRandom;

/** A file or folder of the simulated disk. */
sealed interface Node permits FileNode, FolderNode {
  /** What of that which was not forced is gone. */
  enum Loss {
    ALL,
    NOTHING,
    /** Changes of a folder up to one of them are there, those after it are not. */
    AFTER_ONE,
    ANY
  }

  /** Returns when it has last changed. */
  Instant modified();

  /** Returns a number that grows whenever something in it changes. */
  long version();

  /** What was not forced is lost, or in part. */
  void cutPower(Loss loss, SplittableRandom random);
}
