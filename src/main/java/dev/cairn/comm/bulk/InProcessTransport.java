package dev.cairn.comm.bulk;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.channel.Transfer;
import dev.cairn.comm.control.FailureState;
import dev.cairn.comm.control.RankNames;
import dev.cairn.machine.Machine;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/** Where senders and receivers of one process meet; the later of the two copies. */
final class InProcessTransport {
  /** Messages between these meet in order. */
  private record Lane(int from, int to, int tag) {}

  /**
   * One side of a message, on whose monitor its thread waits: whoever wakes it wakes nobody else,
   * however many ranks wait for others.
   */
  private final class Waiting {
    private final ByteBuffer bytes;
    private boolean done;
    private CommunicationException failure;

    Waiting(ByteBuffer bytes) {
      this.bytes = bytes;
    }

    synchronized void finish(CommunicationException reason) {
      if (!done) {
        done = true;
        failure = reason;
        machine.wake(this);
      }
    }

    /** Returns whether the message has ended in time. */
    synchronized boolean await() {
      long deadline = machine.nanoTime() + timeoutNanos;
      boolean interrupted = false;
      while (!done) {
        long leftMillis = (deadline - machine.nanoTime()) / 1_000_000;
        if (leftMillis <= 0) {
          break;
        }
        try {
          machine.await(this, leftMillis);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      return done;
    }

    synchronized void check() throws CommunicationException {
      if (failure != null) {
        throw FailureState.rethrown(failure);
      }
    }
  }

  private final int size;
  private final Machine machine;
  private final long timeoutNanos;
  private final CommunicationException[] ends;
  private final Map<Lane, Deque<Waiting>> senders = new HashMap<>();
  private final Map<Lane, Deque<Waiting>> receivers = new HashMap<>();

  InProcessTransport(int size, Timeouts timeouts, Machine machine) {
    this.machine = machine;
    this.size = size;
    this.timeoutNanos = timeouts.operation().toNanos();
    this.ends = new CommunicationException[size];
  }

  synchronized Transfer send(int rank, Message message) throws CommunicationException {
    checkOpen(rank, message.peer());
    Lane lane = new Lane(rank, message.peer(), message.tag());
    Waiting sender = new Waiting(message.bytes());
    Waiting receiver = poll(receivers, lane);
    if (receiver == null) {
      senders.computeIfAbsent(lane, l -> new ArrayDeque<>()).add(sender);
    } else {
      copy(lane, sender, receiver);
    }
    return () -> await(sender, lane, lane.to);
  }

  synchronized Transfer receive(int rank, Message message) throws CommunicationException {
    checkOpen(rank, message.peer());
    Lane lane = new Lane(message.peer(), rank, message.tag());
    Waiting receiver = new Waiting(message.bytes());
    Waiting sender = poll(senders, lane);
    if (sender == null) {
      receivers.computeIfAbsent(lane, l -> new ArrayDeque<>()).add(receiver);
    } else {
      copy(lane, sender, receiver);
    }
    return () -> await(receiver, lane, lane.from);
  }

  private void checkOpen(int rank, int peer) throws CommunicationException {
    CommunicationException end = ends[rank] != null ? ends[rank] : ends[peer];
    if (end != null) {
      throw FailureState.rethrown(end);
    }
  }

  private static Waiting poll(Map<Lane, Deque<Waiting>> waiting, Lane lane) {
    Deque<Waiting> queue = waiting.get(lane);
    Waiting first = queue == null ? null : queue.poll();
    if (queue != null && queue.isEmpty()) {
      waiting.remove(lane);
    }
    return first;
  }

  private void copy(Lane lane, Waiting sender, Waiting receiver) {
    CommunicationException mismatch = null;
    if (sender.bytes.remaining() == receiver.bytes.remaining()) {
      receiver.bytes.duplicate().put(sender.bytes.duplicate());
    } else {
      mismatch =
          new CommunicationException(
              lane.from,
              "message length mismatch: sentBytes=%d, expected %d, from %s, tag=%d"
                  .formatted(
                      sender.bytes.remaining(),
                      receiver.bytes.remaining(),
                      RankNames.name(lane.from, size),
                      lane.tag));
    }
    sender.finish(mismatch);
    receiver.finish(mismatch);
  }

  private void await(Waiting side, Lane lane, int peer) throws CommunicationException {
    if (!side.await()) {
      giveUp(side, lane, peer);
    }
    side.check();
  }

  /** Ends a message that was too late, unless it has ended meanwhile. */
  private synchronized void giveUp(Waiting side, Lane lane, int peer) {
    String message =
        "transfer with %s timed out: waited %.1f s, tag=%d"
            .formatted(RankNames.name(peer, size), timeoutNanos / 1e9, lane.tag);
    forget(senders, lane, side);
    forget(receivers, lane, side);
    side.finish(new CommunicationException(peer, message));
  }

  private static void forget(Map<Lane, Deque<Waiting>> waiting, Lane lane, Waiting side) {
    Deque<Waiting> queue = waiting.get(lane);
    if (queue != null) {
      queue.remove(side);
    }
  }

  /** Ends one rank's side: what it or a peer of it waits for never comes. */
  synchronized void end(int rank, CommunicationException reason) {
    if (ends[rank] == null) {
      ends[rank] = reason;
      fail(senders, rank, reason);
      fail(receivers, rank, reason);
    }
  }

  private static void fail(
      Map<Lane, Deque<Waiting>> waiting, int rank, CommunicationException reason) {
    waiting
        .entrySet()
        .removeIf(
            entry -> {
              boolean concerned = entry.getKey().from == rank || entry.getKey().to == rank;
              if (concerned) {
                entry.getValue().forEach(side -> side.finish(reason));
              }
              return concerned;
            });
  }
}
