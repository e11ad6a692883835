package dev.cairn.comm.nccl;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.device.Cuda;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceException;
import dev.cairn.machine.Machine;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Where the calls of a group are made, one after the other, with its GPU as the current one: on a
 * thread that can be left in a call that does not return. The first collective of a kind connects
 * ranks inside its call, for as long as one of them is missing, and whoever waits for the call must
 * still hear that one of them has failed.
 *
 * <p>This instead of communicators that do not block, polled, for three reasons. A communicator
 * that a trainer lends is what the trainer made it, and calls on it need this anyway. NCCL 2.26
 * hangs now and then in that mode, for which PyTorch has turned it off (pytorch/pytorch#154055).
 * And NCCL only forgives an abort from another thread while a call is being made if the
 * communicator does not block; here it is made when the call has returned, which it does once its
 * peers have ended their side, or are dead. The price: while a peer is stopped, this thread and
 * what the call uses are left over. Any thread.
 */
final class NcclThread {
  private static final int POLL_MILLIS = 1;

  private final Machine machine = Machine.local();
  private final Device device;
  private final Queue<Pending> queue = new ArrayDeque<>();
  private int unreturned;
  private boolean isRunning;

  NcclThread(Device device) {
    this.device = device;
  }

  /** A call, or several that belong together. */
  interface Call {
    void make() throws CommunicationException;
  }

  /** A call and how it ended. */
  private static final class Pending {
    private final Call call;
    private boolean hasReturned;
    private Exception failure;

    Pending(Call call) {
      this.call = call;
    }
  }

  /**
   * Makes a call once those before it have returned, and waits for it.
   *
   * @throws CommunicationException what it throws
   * @throws IOException what {@code patience} throws; the call is made, or goes on, all the same
   */
  void make(Call call, Patience patience) throws IOException {
    Pending pending = add(call);
    boolean interrupted = false;
    while (!hasReturned(pending)) {
      patience.check();
      try {
        synchronized (this) {
          if (!pending.hasReturned) {
            machine.await(this, POLL_MILLIS);
          }
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    rethrow(pending);
  }

  /** As {@link #make}, but no longer than so; {@return whether the call has returned} */
  boolean makeWithin(long millis, Call call) throws CommunicationException {
    long deadlineNanos = machine.nanoTime() + millis * 1_000_000;
    try {
      make(
          call,
          () -> {
            if (machine.nanoTime() - deadlineNanos > 0) {
              throw new TimeIsOver();
            }
          });
      return true;
    } catch (TimeIsOver e) {
      return false;
    } catch (CommunicationException e) {
      throw e;
    } catch (IOException e) {
      throw new IllegalStateException("unexpected from a call of NCCL", e);
    }
  }

  private static final class TimeIsOver extends IOException {
    private static final long serialVersionUID = 1L;
  }

  private static void rethrow(Pending pending) throws CommunicationException {
    if (pending.failure instanceof CommunicationException e) {
      throw e;
    }
    if (pending.failure instanceof RuntimeException e) {
      throw e;
    }
  }

  private synchronized boolean hasReturned(Pending pending) {
    return pending.hasReturned;
  }

  /** {@return whether a call that was added has not returned} */
  synchronized boolean isBusy() {
    return unreturned > 0;
  }

  private synchronized Pending add(Call call) {
    Pending pending = new Pending(call);
    if (!isRunning) {
      machine.start("cairn-nccl", this::run); // it waits for this lock
      isRunning = true;
    }
    queue.add(pending);
    unreturned++;
    return pending;
  }

  private synchronized Pending next() {
    isRunning = !queue.isEmpty();
    return queue.poll();
  }

  private void run() {
    for (Pending next = next(); next != null; next = next()) {
      Exception failure = failure(next.call);
      synchronized (this) {
        next.failure = failure;
        next.hasReturned = true;
        unreturned--;
        machine.wake(this);
      }
    }
  }

  private Exception failure(Call call) {
    Exception[] failure = {null};
    try {
      Cuda.run(
          device,
          () -> {
            try {
              call.make();
            } catch (CommunicationException e) {
              failure[0] = e;
            }
          });
    } catch (DeviceException | IllegalStateException e) {
      return failure[0] == null ? e : failure[0];
    }
    return failure[0];
  }
}
