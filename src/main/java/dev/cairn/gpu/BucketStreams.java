package dev.cairn.gpu;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.nccl.NcclGroup;
import dev.cairn.device.CudaEvent;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.machine.CloseAll;
import dev.cairn.machine.Machine;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The streams of a {@link BucketExchange}, and their end.
 *
 * <p>What is queued on {@code gathers} and {@code orders} ends only if every rank takes part, or
 * the group is aborted; it touches nothing but the buckets. {@code packs} reads partitions and
 * {@code copies} writes staging buffers; neither ever waits for a collective, so both end soon.
 *
 * @param packs on it partitions are cast into buckets
 * @param gathers on it ranks put their parts together
 * @param orders on it rank 0 brings them into file order
 * @param copies on it rank 0 copies them to the host
 * @param gathered for {@link #settle}
 * @param ordered for {@link #settle}
 */
record BucketStreams(
    CudaStream packs,
    CudaStream gathers,
    CudaStream orders,
    CudaStream copies,
    CudaEvent gathered,
    CudaEvent ordered) {
  private static final Logger LOG = System.getLogger(BucketStreams.class.getName());
  private static final long SETTLE_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final long POLL_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

  static BucketStreams open(Device device, CloseAll opened) {
    return new BucketStreams(
        opened.add(CudaStream.create(device)),
        opened.add(CudaStream.create(device)),
        opened.add(CudaStream.create(device)),
        opened.add(CudaStream.create(device)),
        opened.add(CudaEvent.create(device)),
        opened.add(CudaEvent.create(device)));
  }

  /**
   * Waits until the streams are empty, or aborts the group.
   *
   * @return false if something is left in the group: a call that has not returned or, if it is
   *     lent, a collective that nobody but its owner can end
   */
  boolean settle(NcclGroup group) throws CommunicationException {
    boolean isWell = false;
    try {
      packs.synchronize();
      copies.synchronize();
      if (group.isLent() ? !endsByItself(group) : group.isBusy()) {
        return false;
      }
      gathers.synchronize();
      orders.synchronize();
      isWell = true;
      return true;
    } finally {
      if (group.isLent() && !isWell) {
        group.close();
      }
    }
  }

  private boolean endsByItself(NcclGroup group) {
    long deadlineNanos = System.nanoTime() + SETTLE_NANOS;
    try {
      group.check();
      while (group.isBusy()) { // what it queues is to be waited for as well
        if (System.nanoTime() - deadlineNanos > 0) {
          LOG.log(Level.WARNING, "a call of NCCL with the lent communicator does not return");
          return false;
        }
        LockSupport.parkNanos(POLL_NANOS);
        group.check();
      }
      gathered.record(gathers);
      ordered.record(orders);
      while (!gathered.isDone() || !ordered.isDone()) {
        if (System.nanoTime() - deadlineNanos > 0) {
          LOG.log(Level.WARNING, "a collective in the lent NCCL communicator does not end");
          return false;
        }
        LockSupport.parkNanos(POLL_NANOS);
        group.check();
      }
      return true;
    } catch (CommunicationException e) {
      LOG.log(Level.WARNING, "the lent NCCL communicator has failed: {0}", e.getMessage());
      return false;
    }
  }

  /**
   * Frees what was opened once nothing is queued any more: when the group's owner has aborted, or
   * the rank that a call waits for is gone.
   */
  void closeLater(NcclGroup group, CloseAll opened, Machine machine) {
    group.leaveUnfinished();
    try {
      machine.start("cairn-nccl-left", () -> closeWhenEnded(group, opened));
    } catch (OutOfMemoryError e) { // a leak is better than memory that a GPU still writes to
      LOG.log(Level.WARNING, "buckets of a failed save stay allocated: {0}", e.getMessage());
    }
  }

  private void closeWhenEnded(NcclGroup group, CloseAll opened) {
    try (opened) {
      while (group.isBusy()) {
        LockSupport.parkNanos(POLL_NANOS);
      }
      gathers.synchronize();
      orders.synchronize();
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "buckets of a failed save: {0}", e.getMessage());
    } finally {
      group.setFinished();
    }
  }
}
