package dev.cairn.run;

import dev.cairn.policy.CheckpointPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * How long saves took, kept until the training thread tells its policy, which only that thread may
 * use. Any thread; keeps nothing before a schedule asks for it.
 */
public final class SaveTimes {
  private final List<Consumer<CheckpointPolicy>> reports = new ArrayList<>();
  private boolean wanted;
  private long stallNanos;

  public synchronized void want() {
    wanted = true;
  }

  /** The trainer was held for so long. */
  public synchronized void stalled(long nanos) {
    stallNanos += nanos;
    add(policy -> policy.saveStalled(nanos));
  }

  /** A save was committed so long after it began. */
  public synchronized void committed(long nanos) {
    add(policy -> policy.saveCommitted(nanos));
  }

  public synchronized void failed() {
    add(CheckpointPolicy::saveFailed);
  }

  private void add(Consumer<CheckpointPolicy> report) {
    if (wanted) {
      reports.add(report);
    }
  }

  /** Returns how long the trainer was held since the last call. */
  public synchronized long takeStallNanos() {
    long taken = stallNanos;
    stallNanos = 0;
    return taken;
  }

  /** Tells the policy what came since the last call, in order. */
  public synchronized void tell(CheckpointPolicy policy) {
    reports.forEach(report -> report.accept(policy));
    reports.clear();
  }
}
