package dev.cairn;

import dev.cairn.policy.CheckpointPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * What saves took, kept until the training thread hands it to its policy, which is not for several
 * threads. Any thread; keeps nothing before somebody wants it.
 */
final class SaveTimes {
  private final List<Consumer<CheckpointPolicy>> reports = new ArrayList<>();
  private boolean wanted;
  private long stallNanos;

  synchronized void want() {
    wanted = true;
  }

  /** The trainer was held for so long. */
  synchronized void stalled(long nanos) {
    stallNanos += nanos;
    add(policy -> policy.saveStalled(nanos));
  }

  /** A save was committed so long after it began. */
  synchronized void committed(long nanos) {
    add(policy -> policy.saveCommitted(nanos));
  }

  synchronized void failed() {
    add(CheckpointPolicy::saveFailed);
  }

  private void add(Consumer<CheckpointPolicy> report) {
    if (wanted) {
      reports.add(report);
    }
  }

  /** Returns how long the trainer was held since the last call. */
  synchronized long takeStallNanos() {
    long taken = stallNanos;
    stallNanos = 0;
    return taken;
  }

  /** Tells the policy what came since the last call, in order. */
  synchronized void tell(CheckpointPolicy policy) {
    reports.forEach(report -> report.accept(policy));
    reports.clear();
  }
}
