package dev.cairn.comm.bulk;

import dev.cairn.comm.bulk.TransportFactory.EndableTransport;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.MessageGroup;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.channel.Transfer;
import dev.cairn.comm.control.DaemonThreads;
import dev.cairn.comm.control.FailureState;
import dev.cairn.comm.control.RankNames;
import dev.cairn.comm.control.Session;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Bulk over a group of Cairn's own, or one that the trainer has lent. A failure of it ends the
 * transport on this rank, with what the control channel knows of who is behind it.
 */
public final class MessageTransport implements EndableTransport {
  /** The control channel knows within this time who is behind a failure of the wire. */
  private static final long NAMING_MILLIS = 1000;

  private final Session session;
  private final MessageGroup group;
  private final String groupName;
  private final Runnable free;
  private final long timeoutMillis;
  private final Set<PostedTransfer> inFlight = new HashSet<>();
  private final CompletableFuture<Void> drained = new CompletableFuture<>();
  private final CompletableFuture<Void> freed = new CompletableFuture<>();
  private CommunicationException ended;

  /**
   * Creates a transport over a group whose ranks are connected.
   *
   * @param groupName for messages
   * @param free ends the group, or what else there is to end; called once no message is on its way
   */
  public MessageTransport(
      Session session, Timeouts timeouts, MessageGroup group, String groupName, Runnable free) {
    this.session = session;
    this.group = group;
    this.groupName = groupName;
    this.free = free;
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
        throw FailureState.rethrown(ended);
      }
      try {
        PostedTransfer transfer = new PostedTransfer(message, operation.start());
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
            "transfer with %s over %s failed: %s, lengthBytes=%d, tag=%d"
                .formatted(
                    RankNames.name(message.peer(), session.size()),
                    groupName,
                    failure.getMessage(),
                    message.bytes().remaining(),
                    message.tag()),
            failure);
    end(session.failures().await(NAMING_MILLIS).or(session.failures()::departed).orElse(wire));
    return reason();
  }

  private synchronized boolean hasEnded() {
    return ended != null;
  }

  private synchronized CommunicationException reason() {
    return FailureState.rethrown(ended);
  }

  @Override
  public void end(CommunicationException reason) {
    List<PostedTransfer> ending;
    synchronized (this) {
      if (ended != null) {
        return;
      }
      ended = reason;
      ending = List.copyOf(inFlight);
      completeIfDrained();
    }
    // Not here: this may be the control channel's thread, and peers wait for their sockets to end.
    DaemonThreads.startOrRun("cairn-bulk-end", () -> free(ending));
  }

  private void free(List<PostedTransfer> ending) {
    try {
      ending.forEach(PostedTransfer::abort);
    } finally {
      drained.join(); // until then the group has memory of callers
      free.run();
      freed.complete(null);
    }
  }

  private synchronized void finished(PostedTransfer transfer) {
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
    String message = RankNames.name(session.rank(), session.size()) + " has closed its transport";
    end(new CommunicationException(session.rank(), message));
    freed.join();
  }

  /** One message, ended by whoever awaits it or, if nobody does, by the end of the transport. */
  private final class PostedTransfer implements Transfer {
    private final Message message;
    private final MessageGroup.Posted posted;
    private boolean waiting;
    private boolean released;

    PostedTransfer(Message message, MessageGroup.Posted posted) {
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
      } finally {
        finished(this);
      }
      if (failure != null) {
        throw failed(message, failure);
      }
    }

    /** Wakes the thread that awaits this, or frees what nobody awaits. */
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
