package dev.cairn.benchmarks.stall;

import java.lang.management.ManagementFactory;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;

/** Lets the ranks begin at once, and tells all of them the same processor time. */
final class StallTogether {
  private final CyclicBarrier barrier;
  private volatile long cpuNanos;

  StallTogether(int ranks) {
    com.sun.management.OperatingSystemMXBean system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    barrier = new CyclicBarrier(ranks, () -> cpuNanos = system.getProcessCpuTime());
  }

  /** Waits for all ranks; returns the processor time that this process has taken by then. */
  long await() throws InterruptedException, BrokenBarrierException {
    barrier.await();
    return cpuNanos;
  }
}
