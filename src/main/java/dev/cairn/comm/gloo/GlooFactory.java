package dev.cairn.comm.gloo;

import dev.cairn.comm.bulk.MessageTransport;
import dev.cairn.comm.bulk.TransportFactory;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.control.ControlAddresses;
import dev.cairn.comm.control.DaemonThreads;
import dev.cairn.comm.control.Session;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Makes Gloo transports. Needs Bytedeco PyTorch only once a transport is asked for, and says so
 * where it is missing.
 */
public final class GlooFactory implements TransportFactory {
  /** The control channel knows within this time who is behind a failure to connect. */
  private static final long NAMING_MILLIS = 1000;

  /**
   * Where ranks meet.
   *
   * @param host and {@code port}: of the store, on rank 0
   * @param address that this rank listens on
   */
  private record Place(String host, int port, String address) {}

  private final Session session;
  private final Timeouts timeouts;
  private final ControlAddresses.Finder addresses;
  private GlooStore server;

  public GlooFactory(Session session, Timeouts timeouts, ControlAddresses.Finder addresses) {
    this.session = session;
    this.timeouts = timeouts;
    this.addresses = addresses;
  }

  @Override
  public void load() throws CommunicationException {
    try {
      TorchNatives.load();
    } catch (LinkageError e) {
      throw new CommunicationException(session.rank(), missing(e), e);
    }
  }

  @Override
  public byte[] prepare() throws CommunicationException {
    load();
    try {
      byte[] local = addresses.find().encodeLocal();
      int port = session.rank() == 0 ? hostStore() : 0;
      return ByteBuffer.allocate(4 + local.length).putInt(port).put(local).array();
    } catch (IOException | RuntimeException e) {
      throw new CommunicationException(session.rank(), "gloo: " + NativeErrors.firstLine(e), e);
    }
  }

  private static String missing(LinkageError e) {
    return "gloo is not available: %s; add the dependency org.bytedeco:pytorch with its natives"
            .formatted(NativeErrors.firstLine(e))
        + " (classifier linux-x86_64, also of javacpp and openblas), or save with mode PARALLEL";
  }

  private int hostStore() {
    closeServer();
    server = GlooStore.server(timeouts.rendezvous().toMillis());
    return server.port();
  }

  private void closeServer() {
    if (server != null) {
      server.close();
      server = null;
    }
  }

  @Override
  public EndableTransport connect(long generation, List<byte[]> prepared)
      throws CommunicationException {
    Place place = place(prepared);
    CompletableFuture<EndableTransport> made = new CompletableFuture<>();
    Consumer<CommunicationException> giveUp = made::completeExceptionally;
    session.failures().listen(giveUp);
    session.failure().ifPresent(giveUp);
    try {
      // A native call that nothing can wake: left behind if a rank fails meanwhile.
      DaemonThreads.start("cairn-gloo-connect", () -> connect(place, made));
      return DaemonThreads.get(made);
    } finally {
      session.failures().unlisten(giveUp);
    }
  }

  private void connect(Place place, CompletableFuture<EndableTransport> made) {
    try {
      long timeoutMillis = timeouts.rendezvous().toMillis();
      GlooStore store = GlooStore.client(place.host, place.port, timeoutMillis);
      GlooGroup group =
          new GlooGroup(session.rank(), session.size(), store, place.address, timeoutMillis);
      EndableTransport transport =
          new MessageTransport(session, timeouts, group.messages(), "Gloo", group::close);
      if (!made.complete(transport)) {
        transport.close();
      }
    } catch (RuntimeException e) {
      CommunicationException unnamed =
          new CommunicationException(session.rank(), "gloo: " + NativeErrors.firstLine(e), e);
      made.completeExceptionally(session.failures().await(NAMING_MILLIS).orElse(unnamed));
    }
  }

  @Override
  public void settle() {
    closeServer();
  }

  private Place place(List<byte[]> prepared) throws CommunicationException {
    List<String> locals =
        prepared.stream().map(b -> new String(b, 4, b.length - 4, StandardCharsets.UTF_8)).toList();
    try {
      return new Place(
          addresses.find().rankZero().getHostAddress(),
          ByteBuffer.wrap(prepared.get(0)).getInt(),
          ControlAddresses.reachable(session.rank(), locals));
    } catch (IOException e) {
      throw new CommunicationException(session.rank(), "gloo: " + NativeErrors.firstLine(e), e);
    }
  }
}
