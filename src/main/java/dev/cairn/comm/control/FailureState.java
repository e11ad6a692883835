package dev.cairn.comm.control;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.machine.Machine;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * What went wrong, as one rank knows it: the failure that broke the channel for good, who left, and
 * the cancellations by operation. Any thread.
 */
public final class FailureState {
  /** Learns what ends transports. */
  public interface Watcher {
    /** Everything made in {@code operation} or before is cancelled or broken. */
    void ended(long operation, CommunicationException reason);
  }

  private final Machine machine;
  private final List<Consumer<CommunicationException>> listeners = new ArrayList<>();
  private final NavigableMap<Long, CommunicationException> cancellations = new TreeMap<>();
  private Watcher watcher = (operation, reason) -> {};
  private long operation;
  private CommunicationException broken;
  private CommunicationException departed;

  FailureState(Machine machine) {
    this.machine = machine;
  }

  /** Returns the same failure with the stack of the caller; {@code failure} becomes its cause. */
  public static CommunicationException rethrown(CommunicationException failure) {
    return new CommunicationException(failure.rank(), failure.getMessage(), failure);
  }

  /** Sets who ends transports; called before anybody else's listener. */
  public synchronized void watch(Watcher transportWatcher) {
    watcher = transportWatcher;
  }

  public synchronized void listen(Consumer<CommunicationException> listener) {
    listeners.add(listener);
  }

  public synchronized void unlisten(Consumer<CommunicationException> listener) {
    listeners.remove(listener);
  }

  /** Throws if a collective cannot work: a rank that left breaks the channel once it is needed. */
  synchronized void check() throws CommunicationException {
    if (broken == null && departed != null) {
      broken = departed;
    }
    if (broken != null) {
      throw rethrown(broken);
    }
  }

  /** Throws if the channel is broken for good; a rank that left does not break it by that. */
  synchronized void checkBroken() throws CommunicationException {
    if (broken != null) {
      throw rethrown(broken);
    }
  }

  /** Returns why {@link #check} throws, if it does. */
  synchronized Optional<CommunicationException> unusable() {
    return Optional.ofNullable(broken != null ? broken : departed);
  }

  synchronized Optional<CommunicationException> current() {
    CommunicationException first = broken != null ? broken : cancellations.get(operation);
    return Optional.ofNullable(first).map(FailureState::rethrown);
  }

  /** Returns why a rank that left cannot be reached, if one has left. */
  public synchronized Optional<CommunicationException> departed() {
    return Optional.ofNullable(departed);
  }

  /** Waits until there is a failure, but not for long; an interrupt is kept for the caller. */
  public synchronized Optional<CommunicationException> await(long timeoutMillis) {
    long deadline = machine.nanoTime() + timeoutMillis * 1_000_000;
    boolean interrupted = false;
    long leftMillis = timeoutMillis;
    while (current().isEmpty() && leftMillis > 0) {
      try {
        machine.await(this, leftMillis);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      leftMillis = (deadline - machine.nanoTime()) / 1_000_000;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return current();
  }

  public synchronized long operation() {
    return operation;
  }

  /** Goes on from the operation that another rank is in already, after a round that said so. */
  synchronized void catchUp(long reached) {
    operation = Math.max(operation, reached);
    cancellations.headMap(operation).clear();
  }

  /** Begins the next operation; one that another rank has cancelled already ends at once. */
  void begin() {
    CommunicationException pending;
    long begun;
    synchronized (this) {
      begun = ++operation;
      cancellations.headMap(begun).clear();
      pending = cancellations.get(begun);
    }
    if (pending != null) {
      announce(begun, pending);
    }
  }

  /** Keeps the first cancellation of each operation, until this rank begins that operation. */
  void cancelled(long cancelledOperation, CommunicationException reason) {
    synchronized (this) {
      if (cancelledOperation >= operation) {
        CommunicationException earlier = cancellations.putIfAbsent(cancelledOperation, reason);
        if (earlier != null || cancelledOperation > operation) {
          return;
        }
        machine.wake(this);
      }
    }
    announce(cancelledOperation, reason);
  }

  synchronized void departed(CommunicationException reason) {
    if (departed == null) {
      departed = reason;
    }
  }

  void broken(CommunicationException reason) {
    synchronized (this) {
      if (broken != null) {
        return;
      }
      broken = reason;
      machine.wake(this);
    }
    announce(Long.MAX_VALUE, reason);
  }

  private void announce(long endedOperation, CommunicationException reason) {
    Watcher ender;
    List<Consumer<CommunicationException>> told;
    synchronized (this) {
      ender = watcher;
      told = endedOperation >= operation ? List.copyOf(listeners) : List.of();
    }
    ender.ended(endedOperation, reason);
    told.forEach(listener -> listener.accept(reason));
  }
}
