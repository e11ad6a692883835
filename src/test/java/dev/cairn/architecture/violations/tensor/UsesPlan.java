package dev.cairn.architecture.violations.tensor;

import dev.cairn.architecture.violations.plan.ReadsFile;
import dev.cairn.architecture.violations.plan.ReadsFile.Source;

/** Looks up instead of down: the lowest package uses one above it. */
public final class UsesPlan {
  /** Returns what the class above reads. */
  public static Source above() {
    return new ReadsFile.Source(java.util.List.of());
  }

  private UsesPlan() {}
}
