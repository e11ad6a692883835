package dev.cairn.comm;

import dev.cairn.comm.NcclLibrary.Caller;
import dev.cairn.device.Cuda;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/**
 * The ranks of a communicator, joined by NCCL, each with one GPU.
 *
 * <p>What is queued here hangs if a rank does not queue the same, as NCCL does; so nobody may wait
 * for it without calling {@link #check} meanwhile, and {@link #abort} once any rank has failed. One
 * thread at a time, but for {@link #check}.
 */
public final class NcclGroup implements AutoCloseable {
  private static final int POLL_MILLIS = 2;

  private final Caller caller;
  private final Device device;
  private final boolean lent;
  private long handle;

  private NcclGroup(Caller caller, Device device, boolean lent, long handle) {
    this.caller = caller;
    this.device = device;
    this.lent = lent;
    this.handle = handle;
  }

  /** {@return why NCCL cannot be used here, in one line; empty if it can} */
  public static Optional<String> reasonNotAvailable() {
    return Optional.ofNullable(NcclLibrary.reasonNotLoaded());
  }

  /**
   * Joins all ranks. Collective.
   *
   * @param ranks over whose control channel the ranks agree
   * @param device this rank's GPU, another one on every rank of a host
   * @param timeout until every rank must have joined
   * @return what the caller closes
   * @throws CommunicationException on every rank, if any could not join
   */
  public static NcclGroup connect(Communicator ranks, Device device, Duration timeout)
      throws CommunicationException {
    Caller caller = new Caller(ranks.rank(), ranks.size());
    Joining joining = new Joining(caller, device, ranks.control());
    byte[] failure = joining.join(timeout).getBytes(StandardCharsets.UTF_8);
    byte[] mine =
        ByteBuffer.allocate(Integer.BYTES + failure.length)
            .putInt(joining.culprit)
            .put(failure)
            .array();
    for (byte[] told : ranks.control().allGather(mine)) {
      if (told.length > Integer.BYTES) {
        joining.abandon();
        throw new CommunicationException(
            ByteBuffer.wrap(told).getInt(),
            new String(told, Integer.BYTES, told.length - Integer.BYTES, StandardCharsets.UTF_8));
      }
    }
    return new NcclGroup(caller, device, false, joining.handle());
  }

  /**
   * {@return a group over a communicator that a trainer owns and does not use meanwhile; neither
   * destroyed nor aborted here}
   *
   * @param ranks the same ones, by the same numbers
   * @param device the GPU that it was made for
   * @param handle its {@code ncclComm_t}
   */
  public static NcclGroup lent(Communicator ranks, Device device, long handle) {
    return new NcclGroup(new Caller(ranks.rank(), ranks.size()), device, true, handle);
  }

  /** One rank's joining, in a thread that may have to be left to itself. */
  private static final class Joining {
    private final Caller caller;
    private final Device device;
    private final Control control;
    private String failure = "";
    private int culprit;
    private long made;
    private boolean abandoned;

    Joining(Caller caller, Device device, Control control) {
      this.caller = caller;
      this.device = device;
      this.control = control;
      this.culprit = caller.rank();
    }

    /** Returns why this rank could not join; empty if it did. */
    String join(Duration timeout) throws CommunicationException {
      byte[] id = new byte[0];
      if (caller.rank() == 0) {
        try {
          id = caller.uniqueId();
        } catch (CommunicationException e) {
          failure = e.getMessage();
        }
      }
      byte[] told = control.broadcast(id);
      if (told.length == 0) {
        return failure;
      }
      Thread thread = new Thread(() -> init(told), "cairn-nccl-init");
      thread.setDaemon(true);
      thread.start();
      return await(thread, timeout);
    }

    private void init(byte[] id) {
      try {
        long[] handle = {0};
        CommunicationException[] thrown = {null};
        Cuda.run(
            device,
            () -> {
              try {
                handle[0] = caller.init(id);
              } catch (CommunicationException e) {
                thrown[0] = e;
              }
            });
        if (thrown[0] != null) {
          throw thrown[0];
        }
        adopt(handle[0]);
      } catch (CommunicationException | DeviceException e) {
        synchronized (this) {
          failure = e.getMessage();
        }
      }
    }

    private synchronized void adopt(long handle) throws CommunicationException {
      if (abandoned) {
        caller.abort(handle);
      } else {
        made = handle;
      }
    }

    private String await(Thread thread, Duration timeout) {
      long deadlineNanos = System.nanoTime() + timeout.toNanos();
      boolean interrupted = false;
      while (thread.isAlive()) {
        Optional<CommunicationException> elsewhere = control.failure();
        if (elsewhere.isPresent()) {
          culprit = elsewhere.get().rank();
          return elsewhere.get().getMessage();
        }
        if (System.nanoTime() - deadlineNanos > 0) {
          return "NCCL's ranks did not join in time: timeoutSeconds=%d, rank=%d of %d"
              .formatted(timeout.toSeconds(), caller.rank(), caller.size());
        }
        try {
          thread.join(POLL_MILLIS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      synchronized (this) {
        if (!failure.isEmpty()) {
          control.cancel(failure); // the others wait for this rank
        }
        return failure;
      }
    }

    synchronized long handle() {
      return made;
    }

    /** Gives up what was made, or will be. */
    synchronized void abandon() {
      abandoned = true;
      if (made != 0) {
        try {
          caller.abort(made);
        } catch (CommunicationException e) {
          failure = e.getMessage(); // the first failure is the one to tell
        }
        made = 0;
      }
    }
  }

  /** {@return this rank's GPU} */
  public Device device() {
    return device;
  }

  /** {@return whether it was neither closed nor aborted} */
  public synchronized boolean isOpen() {
    return handle != 0;
  }

  private synchronized long open() {
    if (handle == 0) {
      throw new IllegalStateException("NCCL group is closed");
    }
    return handle;
  }

  /**
   * Queues an all-gather: what each rank has at {@code rank * rankBytes} of {@code address}, all
   * ranks have there afterwards. Every rank queues it.
   *
   * @param address this GPU's memory, room for all ranks' bytes
   * @param rankBytes how much each rank gives
   * @param stream on which it is queued; of this group's GPU, borrowed, open until what is queued
   *     has been done
   * @throws CommunicationException if NCCL refuses; nothing may be queued after that
   */
  public void allGather(long address, long rankBytes, CudaStream stream)
      throws CommunicationException {
    caller.allGather(open(), address + caller.rank() * rankBytes, address, rankBytes, stream);
  }

  /**
   * Queues that rank 0 gets what every other rank has. Every rank queues it.
   *
   * @param address on rank 0, room for all ranks' bytes, each rank's at {@code rank * rankBytes};
   *     elsewhere this rank's bytes alone
   * @param rankBytes where one rank's begin after the other's
   * @param usedBytes how much each rank gives, by rank
   * @param stream on which it is queued; of this group's GPU, borrowed, open until what is queued
   *     has been done
   * @throws CommunicationException if NCCL refuses; nothing may be queued after that
   */
  public void gather(long address, long rankBytes, long[] usedBytes, CudaStream stream)
      throws CommunicationException {
    long communicator = open();
    caller.groupStart(communicator);
    try {
      if (caller.rank() != 0 && usedBytes[caller.rank()] > 0) {
        caller.send(communicator, address, usedBytes[caller.rank()], 0, stream);
      }
      for (int rank = 1; caller.rank() == 0 && rank < caller.size(); rank++) {
        if (usedBytes[rank] > 0) {
          caller.receive(communicator, address + rank * rankBytes, usedBytes[rank], rank, stream);
        }
      }
    } finally {
      caller.groupEnd(communicator);
    }
  }

  /**
   * Asks NCCL, without waiting, whether what was queued went wrong. Any thread.
   *
   * @throws CommunicationException what NCCL says went wrong; the group is of no use any more
   */
  public void check() throws CommunicationException {
    synchronized (this) {
      if (handle != 0) {
        caller.checkAsync(handle);
      }
    }
  }

  /**
   * Ends what is queued, wherever it is; the group is closed then. Does nothing if it is lent.
   *
   * @throws CommunicationException if NCCL could not end it
   */
  public synchronized void abort() throws CommunicationException {
    long aborting = handle;
    handle = 0;
    if (aborting != 0 && !lent) {
      caller.abort(aborting);
    }
  }

  /** Leaves; all that was queued has been waited for. */
  @Override
  public synchronized void close() throws CommunicationException {
    long closing = handle;
    handle = 0;
    if (closing != 0 && !lent) {
      caller.destroy(closing);
    }
  }
}
