package dev.cairn.comm.nccl;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Control;
import dev.cairn.comm.nccl.NcclLibrary.Caller;
import dev.cairn.device.Cuda;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/** One rank's joining of the others with NCCL, in a thread that may have to be left to itself. */
final class NcclJoining {
  private static final int POLL_MILLIS = 2;

  private final Caller caller;
  private final Device device;
  private final Control control;
  private String failure = "";
  private int culprit;
  private long made;
  private boolean abandoned;

  NcclJoining(Caller caller, Device device, Control control) {
    this.caller = caller;
    this.device = device;
    this.control = control;
    this.culprit = caller.rank();
  }

  /**
   * Joins the others. Collective.
   *
   * @throws CommunicationException on every rank, if any could not join; what was made is given up
   */
  void together(Duration timeout) throws CommunicationException {
    byte[] told = join(timeout).getBytes(StandardCharsets.UTF_8);
    byte[] mine =
        ByteBuffer.allocate(Integer.BYTES + told.length).putInt(culprit()).put(told).array();
    Optional<CommunicationException> first = Optional.empty();
    for (byte[] one : control.allGather(mine)) {
      boolean isNamed = first.isPresent() && first.get().rank() >= 0;
      if (one.length > Integer.BYTES && !isNamed) { // who is to blame says most
        int blamed = ByteBuffer.wrap(one).getInt();
        int textBytes = one.length - Integer.BYTES;
        String text = new String(one, Integer.BYTES, textBytes, StandardCharsets.UTF_8);
        first = Optional.of(new CommunicationException(blamed, text));
      }
    }
    if (first.isPresent()) {
      abandon();
      throw first.get();
    }
  }

  /** Returns why this rank could not join; empty if it did. */
  private String join(Duration timeout) throws CommunicationException {
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
      CommunicationException[] thrown = {null};
      Cuda.run(
          device,
          () -> {
            try {
              adopt(caller.init(id));
            } catch (CommunicationException e) {
              thrown[0] = e;
            }
          });
      if (thrown[0] != null) {
        throw thrown[0];
      }
    } catch (CommunicationException | DeviceException e) {
      synchronized (this) {
        failure = e.getMessage();
        culprit = e instanceof CommunicationException told ? told.rank() : caller.rank();
      }
    }
  }

  private synchronized void adopt(long handle) throws CommunicationException {
    if (abandoned) {
      caller.abort(handle); // on the thread that has joined, and its GPU
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

  /** Returns the rank whose failure it is. */
  private synchronized int culprit() {
    return culprit;
  }

  /** Returns the communicator that this rank has joined. */
  synchronized long handle() {
    return made;
  }

  /** Gives up what was made, or will be. */
  private synchronized void abandon() {
    abandoned = true;
    if (made != 0) {
      long aborting = made;
      made = 0;
      Cuda.run(
          device,
          () -> {
            try {
              caller.abort(aborting);
            } catch (CommunicationException e) {
              failure = e.getMessage(); // the first failure is the one to tell
            }
          });
    }
  }
}
