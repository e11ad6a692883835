package dev.cairn.comm;

import dev.cairn.comm.TransportFactory.EndableTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** Bulk over a group that the trainer has lent. It is never closed here. */
final class LentTransport implements EndableTransport {
  private final Session session;
  private final MessageGroup group;
  private final long timeoutMillis;
  private final Set<LentTransfer> inFlight = new HashSet<>();
  private final CompletableFuture<Void> drained = new CompletableFuture<>();
  private CommunicationException ended;

  LentTransport(Session session, MessageGroup group, Timeouts timeouts) {
    this.session = session;
    this.group = group;
    this.timeoutMillis = timeouts.operation().toMillis();
  }

  @Override
  public Transfer send(ByteBuffer direct, int peer, int tag) throws CommunicationException {
    Message message = Message.outgoing(direct, peer, tag, session.rank(), session.size());
    return start(message, () -> group.send(message.bytes(), peer, message.slot()));
  }

  @Override
  public Transfer receive(ByteBuffer direct, int peer, int tag) throws CommunicationException {
    Message message = Message.incoming(direct, peer, tag, session.rank(), session.size());
    return start(message, () -> group.receive(message.bytes(), peer, message.slot()));
  }

  private interface Operation {
    MessageGroup.Posted start() throws IOException;
  }

  private Transfer start(Message message, Operation operation) throws CommunicationException {
    IOException failure;
    synchronized (this) {
      if (ended != null) {
        throw ended.rethrown();
      }
      try {
        LentTransfer transfer = new LentTransfer(message, operation.start());
        inFlight.add(transfer);
        return transfer;
      } catch (IOException e) {
        failure = e;
      }
    }
    throw failed(message, failure);
  }

  /** Ends the transport after a failure of the group and says who is behind it. */
  private CommunicationException failed(Message message, IOException failure) {
    if (hasEnded()) {
      return reason();
    }
    CommunicationException wire =
        new CommunicationException(
            message.peer(),
            "transfer with %s over the lent group failed: %s, lengthBytes=%d, tag=%d"
                .formatted(
                    Hub.name(message.peer(), session.size()),
                    failure.getMessage(),
                    message.bytes().remaining(),
                    message.tag()),
            failure);
    end(
        session
            .failures()
            .await(GlooFactory.NAMING_MILLIS)
            .or(session.failures()::departed)
            .orElse(wire));
    return reason();
  }

  private synchronized boolean hasEnded() {
    return ended != null;
  }

  private synchronized CommunicationException reason() {
    return ended.rethrown();
  }

  @Override
  public void end(CommunicationException reason) {
    List<LentTransfer> ending;
    synchronized (this) {
      if (ended != null) {
        return;
      }
      ended = reason;
      ending = List.copyOf(inFlight);
      completeIfDrained();
    }
    // Not here: this may be the control channel's thread.
    DaemonThreads.startOrRun("cairn-lent-end", () -> ending.forEach(LentTransfer::abort));
  }

  private synchronized void finished(LentTransfer transfer) {
    inFlight.remove(transfer);
    completeIfDrained();
  }

  private void completeIfDrained() {
    if (ended != null && inFlight.isEmpty()) {
      drained.complete(null);
    }
  }

  @Override
  public void close() {
    String message = Hub.name(session.rank(), session.size()) + " has closed its transport";
    end(new CommunicationException(session.rank(), message));
    drained.join();
  }

  /** One message, ended by whoever awaits it or, if nobody does, by the end of the transport. */
  private final class LentTransfer implements Transfer {
    private final Message message;
    private final MessageGroup.Posted posted;
    private boolean waiting;
    private boolean released;

    LentTransfer(Message message, MessageGroup.Posted posted) {
      this.message = message; // Keeps the buffer reachable.
      this.posted = posted;
    }

    @Override
    public void await() throws CommunicationException {
      synchronized (this) {
        if (waiting) {
          throw new IllegalStateException("transfer was awaited before");
        }
        waiting = true;
        if (released) {
          throw reason();
        }
      }
      IOException failure = null;
      try {
        posted.await(timeoutMillis);
      } catch (IOException e) {
        failure = e;
      }
      finished(this);
      if (failure != null) {
        throw failed(message, failure);
      }
    }

    void abort() {
      synchronized (this) {
        if (waiting) {
          posted.wake();
          return;
        }
        released = true;
        posted.release();
      }
      finished(this);
    }
  }
}
