package dev.cairn.comm;

import dev.cairn.comm.TransportFactory.EndableTransport;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.gloo.Device;

/**
 * Bulk over Gloo, in a process group of its own. The only class that knows Bytedeco PyTorch.
 *
 * <p>A message is a tensor over the caller's memory, without a copy. Its native work is released by
 * whoever finishes it, under the transfer's lock: the destructor of the work waits until Gloo's
 * thread has let go of the memory, so that the memory is the caller's again afterwards.
 */
final class GlooTransport implements EndableTransport {
  /**
   * Where ranks meet.
   *
   * @param host and {@code port}: of the store, on rank 0
   * @param device the address that this rank listens on
   */
  record Place(String host, int port, String device) {}

  private final Session session;
  private final Milliseconds waitTimeout;
  private final TCPStore store;
  private final ProcessGroupGloo group;
  private final TensorOptions bytesOptions;
  private final Set<GlooTransfer> inFlight = new HashSet<>();
  private final CompletableFuture<Void> drained = new CompletableFuture<>();
  private final CompletableFuture<Void> released = new CompletableFuture<>();
  private CommunicationException ended;

  /** Connects to all other ranks, each of which makes this call; blocks. */
  GlooTransport(Session session, Timeouts timeouts, Place place) {
    this.session = session;
    try (Milliseconds connect = new Milliseconds(timeouts.rendezvous().toMillis());
        Device device = ProcessGroupGloo.createDeviceForHostname(place.device);
        GlooDeviceVector devices = new GlooDeviceVector(device);
        ProcessGroupGloo.Options options = ProcessGroupGloo.Options.create(connect)) {
      this.store = store(place.host, place.port, false, connect);
      options.devices(devices);
      options.threads(1);
      this.group = connect(options);
    }
    this.bytesOptions = new TensorOptions(torch.ScalarType.Byte);
    this.waitTimeout = new Milliseconds(timeouts.operation().toMillis());
  }

  private ProcessGroupGloo connect(ProcessGroupGloo.Options options) {
    try {
      return new ProcessGroupGloo(store, session.rank(), session.size(), options);
    } catch (RuntimeException e) {
      store.close();
      throw e;
    }
  }

  private static TCPStore store(String host, int port, boolean server, Milliseconds timeout) {
    try (TCPStoreOptions options = new TCPStoreOptions()) {
      options.port((short) port).isServer(server).waitWorkers(false).timeout(timeout);
      return new TCPStore(host, options);
    }
  }

  /** Rank 0's store, for the time that ranks connect. */
  static final class StoreServer implements AutoCloseable {
    private final TCPStore store;

    StoreServer(long timeoutMillis) {
      try (Milliseconds timeout = new Milliseconds(timeoutMillis)) {
        store = store("localhost", 0, true, timeout);
      }
    }

    int port() {
      return Short.toUnsignedInt(store.getPort());
    }

    @Override
    public void close() {
      store.close();
    }
  }

  @Override
  public Transfer send(ByteBuffer direct, int peer, int tag) throws CommunicationException {
    Message message = Message.outgoing(direct, peer, tag, session.rank(), session.size());
    return start(message, tensors -> group.send(tensors, peer, message.slot()));
  }

  @Override
  public Transfer receive(ByteBuffer direct, int peer, int tag) throws CommunicationException {
    Message message = Message.incoming(direct, peer, tag, session.rank(), session.size());
    return start(message, tensors -> group.recv(tensors, peer, message.slot()));
  }

  private interface Operation {
    Work start(TensorVector tensors);
  }

  private Transfer start(Message message, Operation operation) throws CommunicationException {
    RuntimeException failure;
    synchronized (this) {
      if (ended != null) {
        throw ended.rethrown();
      }
      try {
        GlooTransfer transfer = new GlooTransfer(message, operation);
        inFlight.add(transfer);
        return transfer;
      } catch (RuntimeException e) {
        failure = e;
      }
    }
    throw failed(message, failure);
  }

  /** Ends the transport after a native failure and says who is behind it. */
  private CommunicationException failed(Message message, RuntimeException failure) {
    if (hasEnded()) {
      return reason(null);
    }
    CommunicationException wire =
        new CommunicationException(
            message.peer(),
            "transfer with %s failed: %s, lengthBytes=%d, tag=%d"
                .formatted(
                    Hub.name(message.peer(), session.size()),
                    GlooFactory.firstLine(failure),
                    message.bytes().remaining(),
                    message.tag()),
            failure);
    CommunicationException reason =
        session
            .failures()
            .await(GlooFactory.NAMING_MILLIS)
            .or(session.failures()::departed)
            .orElse(wire);
    end(reason);
    return reason(reason);
  }

  private synchronized boolean hasEnded() {
    return ended != null;
  }

  private synchronized CommunicationException reason(CommunicationException otherwise) {
    return (ended == null ? otherwise : ended).rethrown();
  }

  @Override
  public void end(CommunicationException reason) {
    List<GlooTransfer> ending;
    synchronized (this) {
      if (ended != null) {
        return;
      }
      ended = reason;
      ending = List.copyOf(inFlight);
      completeIfDrained();
    }
    // Not here: this may be the control channel's thread, and peers wait for their sockets to end.
    DaemonThreads.startOrRun("cairn-gloo-end", () -> release(ending));
  }

  private void release(List<GlooTransfer> ending) {
    ending.forEach(GlooTransfer::abort);
    drained.join();
    group.close();
    store.close(); // Not before the group: the binding deletes a store whoever else holds it.
    bytesOptions.close();
    waitTimeout.close();
    released.complete(null);
  }

  private synchronized void finished(GlooTransfer transfer) {
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
    released.join();
  }

  /** One message: a native work and the tensor it works on. */
  private final class GlooTransfer implements Transfer {
    private final Message message;
    private final Pointer memory;
    private final Tensor tensor;
    private final TensorVector tensors;
    private final Work work;
    private boolean waiting;
    private boolean freed;

    GlooTransfer(Message message, Operation operation) {
      this.message = message; // Keeps the buffer reachable.
      memory = new Pointer(message.bytes());
      long[] shape = {message.bytes().remaining()};
      tensor = torch.from_blob(memory, shape, bytesOptions);
      tensors = new TensorVector(tensor);
      try {
        work = operation.start(tensors);
      } catch (RuntimeException e) {
        freeTensor();
        throw e;
      }
    }

    private void freeTensor() {
      tensors.close();
      tensor.close();
      memory.close();
    }

    private void free() {
      freed = true;
      work.close();
      freeTensor();
    }

    @Override
    public void await() throws CommunicationException {
      synchronized (this) {
        if (waiting) {
          throw new IllegalStateException("transfer was awaited before");
        }
        waiting = true;
        if (freed) {
          throw reason(null);
        }
      }
      RuntimeException failure = null;
      try {
        if (!work._wait(waitTimeout)) {
          failure = new IllegalStateException("aborted");
        }
      } catch (RuntimeException e) {
        failure = e;
      }
      synchronized (this) {
        free();
      }
      finished(this);
      if (failure != null) {
        throw failed(message, failure);
      }
    }

    /** Wakes the thread that awaits this, or frees what nobody awaits. */
    void abort() {
      synchronized (this) {
        if (freed) {
          return;
        }
        if (waiting) {
          work.abort();
          return;
        }
        free();
      }
      finished(this);
    }
  }
}
