package dev.cairn.comm.nccl;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Control;
import dev.cairn.comm.control.RankNames;
import dev.cairn.comm.nccl.NcclLibrary.Caller;
import dev.cairn.device.Cuda;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Optional;

/**
 * The ranks of a communicator, joined by NCCL, each with one GPU.
 *
 * <p>What is queued here hangs if a rank does not queue the same, as NCCL does; so nobody may wait
 * for it without calling {@link #check} meanwhile, and {@link #abort} once any rank has failed. The
 * calls that queue may hang as well: each takes a {@link Patience} that can give it up. One thread
 * at a time, but for {@link #check}.
 */
public final class NcclGroup implements AutoCloseable {
  private static final Logger LOG = System.getLogger(NcclGroup.class.getName());
  private static final int LEAVE_MILLIS = 10_000;

  private final Caller caller;
  private final Device device;
  private final boolean lent;
  private final NcclThread thread;
  private long handle;
  private boolean hasFailed;
  private final NcclLeft left = new NcclLeft();

  private NcclGroup(Caller caller, Device device, boolean lent, long handle) {
    this.caller = caller;
    this.device = device;
    this.lent = lent;
    this.thread = new NcclThread(device);
    this.handle = handle;
  }

  /** {@return why NCCL cannot be used here, in one line; empty if it can} */
  public static Optional<String> reasonNotAvailable() {
    return Optional.ofNullable(NcclLibrary.reasonNotLoaded());
  }

  /**
   * Joins all ranks. Collective.
   *
   * @param ranks their control channel, over which they agree
   * @param device this rank's GPU, another one on every rank of a host
   * @param timeout until every rank must have joined
   * @return what the caller closes
   * @throws CommunicationException on every rank, if any could not join
   */
  public static NcclGroup connect(Control ranks, Device device, Duration timeout)
      throws CommunicationException {
    Caller caller = new Caller(ranks.rank(), ranks.size());
    NcclJoining joining = new NcclJoining(caller, device, ranks);
    joining.together(timeout);
    return new NcclGroup(caller, device, false, joining.handle());
  }

  /** Returns a group over a communicator that a trainer owns; it fits. */
  static NcclGroup lent(Caller caller, Device device, long handle) {
    return new NcclGroup(caller, device, true, handle);
  }

  /** {@return this rank's GPU} */
  public Device device() {
    return device;
  }

  /** {@return whether it is over a communicator that a trainer owns} */
  public boolean isLent() {
    return lent;
  }

  /**
   * {@return whether it was neither closed nor aborted, nor, if it is lent, given up after a
   * failure}
   */
  public synchronized boolean isOpen() {
    return handle != 0;
  }

  /**
   * {@return whether something that was queued has not ended, though the group is given up, or what
   * was put off until then has not been done}
   */
  public boolean isUnfinished() {
    return left.isUnfinished();
  }

  /** Notes that something is left in the communicator, which may hold up the GPU from now on. */
  public void leaveUnfinished() {
    left.leave();
  }

  /** Notes that it has ended by now, once all that had to wait for that has been done. */
  public void setFinished() {
    left.finish();
  }

  /**
   * Puts off what would wait for the whole GPU, such as freeing its memory, until nothing holds it
   * up any more; does nothing if nothing does.
   *
   * @param work run by the thread that calls {@link #setFinished}
   * @return whether it was put off
   */
  public boolean defer(Runnable work) {
    return left.defer(work);
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
   * @param patience whether the call is still waited for
   * @throws CommunicationException if NCCL refuses; nothing may be queued after that
   * @throws IOException what {@code patience} throws; the call may be going on
   */
  public void allGather(long address, long rankBytes, CudaStream stream, Patience patience)
      throws IOException {
    long communicator = open();
    long own = address + caller.rank() * rankBytes;
    make(() -> caller.allGather(communicator, own, address, rankBytes, stream), patience);
  }

  /**
   * Waits until nothing is queued on this group's GPU any more, by anybody in this process. Two
   * communicators that share a GPU must be used in the same order on all ranks, and of what a
   * trainer has queued over its own, Cairn knows nothing: it has ended once all ranks have been
   * here.
   *
   * @param patience whether that is still waited for
   * @throws IOException what {@code patience} throws
   */
  public void awaitDevice(Patience patience) throws IOException {
    make(() -> Cuda.synchronize(device), patience);
  }

  private void make(NcclThread.Call call, Patience patience) throws IOException {
    try {
      thread.make(call, patience);
    } catch (CommunicationException e) {
      setFailed();
      throw e;
    }
  }

  private synchronized void setFailed() {
    hasFailed = true;
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
   * @param patience whether the call is still waited for
   * @throws CommunicationException if NCCL refuses; nothing may be queued after that
   * @throws IOException what {@code patience} throws; the call may be going on
   */
  public void gather(
      long address, long rankBytes, long[] usedBytes, CudaStream stream, Patience patience)
      throws IOException {
    long communicator = open();
    long[] used = usedBytes.clone();
    make(() -> sendReceive(communicator, address, rankBytes, used, stream), patience);
  }

  private void sendReceive(
      long communicator, long address, long rankBytes, long[] usedBytes, CudaStream stream)
      throws CommunicationException {
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
      try {
        if (handle != 0) {
          caller.checkAsync(handle);
        }
      } catch (CommunicationException e) {
        hasFailed = true;
        throw e;
      }
    }
  }

  /**
   * Ends what is queued, wherever it is; the group is closed then. Does nothing if it is lent: then
   * what is queued ends when all ranks have queued it, or when the trainer aborts. Waits a few
   * seconds for a call that is being made, and for the abort; {@link #isBusy} then tells whether
   * either goes on.
   *
   * @throws CommunicationException if NCCL says that it could not
   */
  public void abort() throws CommunicationException {
    long aborting = lent ? 0 : take();
    if (aborting != 0) {
      leave("an abort", () -> caller.abort(aborting));
    }
  }

  /** {@return whether a call is being made that nobody waits for} */
  public boolean isBusy() {
    return thread.isBusy();
  }

  private synchronized long take() {
    long taken = handle;
    handle = 0;
    return taken;
  }

  /** Not for ever: some versions of NCCL wait for other ranks in both. */
  private void leave(String what, NcclThread.Call call) throws CommunicationException {
    if (!thread.makeWithin(LEAVE_MILLIS, call)) {
      LOG.log(
          Level.WARNING,
          "{0} of an NCCL communicator has not ended in time and is left: timeoutSeconds={1}, {2}",
          what,
          LEAVE_MILLIS / 1000,
          RankNames.name(caller.rank(), caller.size()));
    }
  }

  /** Uses it no more, and otherwise leaves it as it is: it is a trainer's. */
  void giveBack() {
    take();
  }

  /**
   * Leaves; all that was queued has been waited for. A communicator that is lent is not used any
   * more, and is otherwise left as it is. One that has failed is aborted, as its end would wait for
   * ranks that have aborted theirs; otherwise ranks wait here for each other, for a few seconds.
   *
   * @throws CommunicationException if NCCL says that something went wrong
   */
  @Override
  public void close() throws CommunicationException {
    if (lent || hasFailed()) {
      abort();
      take();
      return;
    }
    long closing = take();
    if (closing != 0) {
      leave("the end", () -> caller.destroy(closing));
    }
  }

  private synchronized boolean hasFailed() {
    return hasFailed;
  }
}
