package dev.cairn.comm.gloo;

import dev.cairn.comm.bulk.MessageTransport;
import dev.cairn.comm.bulk.TransportFactory;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.control.DaemonThreads;
import dev.cairn.comm.control.Session;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Makes Gloo transports. Needs Bytedeco PyTorch only once a transport is asked for, and says so
 * where it is missing.
 */
public final class GlooFactory implements TransportFactory {
  /** Finds the address of this host that its control channel uses; bulk takes the same network. */
  public interface LocalAddress {
    InetAddress find() throws IOException;
  }

  /** The control channel knows within this time who is behind a failure to connect. */
  private static final long NAMING_MILLIS = 1000;

  private final Session session;
  private final Timeouts timeouts;
  private final LocalAddress local;
  private GlooMeeting meeting;

  public GlooFactory(Session session, Timeouts timeouts, LocalAddress local) {
    this.session = session;
    this.timeouts = timeouts;
    this.local = local;
  }

  @Override
  public void load() throws CommunicationException {
    try {
      TorchNatives.load();
    } catch (LinkageError e) {
      throw new CommunicationException(session.rank(), missing(e), e);
    }
  }

  /** Rank 0 tells its address: the others say nothing, so that all of them say the same. */
  @Override
  public byte[] introduce() {
    if (session.rank() != 0) {
      return new byte[0];
    }
    try {
      return local.find().getHostAddress().getBytes(StandardCharsets.US_ASCII);
    } catch (IOException e) {
      return new byte[0]; // What follows finds that out, too, and fails.
    }
  }

  @Override
  public byte[] prepare(List<byte[]> introduced) throws CommunicationException {
    load();
    settle();
    try {
      InetAddress own = local.find();
      String rankZero = new String(introduced.get(0), StandardCharsets.US_ASCII);
      // Loopback reaches rank 0's host only: ranks there take its outer address, if it has one.
      String listening = own.isLoopbackAddress() ? rankZero : own.getHostAddress();
      long timeoutMillis = timeouts.rendezvous().toMillis();
      meeting = new GlooMeeting(session.rank(), session.size(), listening, timeoutMillis);
      return meeting.own();
    } catch (IOException | RuntimeException e) {
      throw failed(e);
    }
  }

  private CommunicationException failed(Exception e) {
    return new CommunicationException(session.rank(), "gloo: " + NativeErrors.firstLine(e), e);
  }

  private static String missing(LinkageError e) {
    return "gloo is not available: %s; add the dependency org.bytedeco:pytorch with its natives"
            .formatted(NativeErrors.firstLine(e))
        + " (classifier linux-x86_64, also of javacpp and openblas), or save with mode PARALLEL";
  }

  @Override
  public EndableTransport connect(long generation, List<byte[]> prepared)
      throws CommunicationException {
    GlooMeeting taken = meeting;
    meeting = null;
    CompletableFuture<EndableTransport> made = new CompletableFuture<>();
    Consumer<CommunicationException> giveUp = made::completeExceptionally;
    session.failures().listen(giveUp);
    session.failure().ifPresent(giveUp);
    try {
      // A native call that nothing can wake: left behind if a rank fails meanwhile.
      DaemonThreads.start("cairn-gloo-connect", () -> connect(taken, prepared, made));
      return DaemonThreads.get(made.orTimeout(limitMillis(), TimeUnit.MILLISECONDS));
    } catch (CommunicationException e) {
      throw taken.unreachable(prepared, e.getCause() instanceof TimeoutException ? late(e) : e);
    } finally {
      session.failures().unlisten(giveUp);
    }
  }

  /** Gloo tries several times as long as it is told to. */
  private long limitMillis() {
    return timeouts.rendezvous().toMillis() + NAMING_MILLIS;
  }

  private CommunicationException late(CommunicationException e) {
    String message = "gloo: ranks were not connected in %.1f s".formatted(limitMillis() / 1e3);
    return new CommunicationException(session.rank(), message, e);
  }

  private void connect(
      GlooMeeting meeting, List<byte[]> prepared, CompletableFuture<EndableTransport> made) {
    try {
      GlooGroup group = meeting.connect(prepared);
      EndableTransport transport =
          new MessageTransport(session, timeouts, group.messages(), "Gloo", group::close);
      if (!made.complete(transport)) {
        transport.close();
      }
    } catch (IOException | RuntimeException e) {
      made.completeExceptionally(session.failures().await(NAMING_MILLIS).orElse(failed(e)));
    }
  }

  @Override
  public void settle() {
    if (meeting != null) {
      meeting.abandon();
      meeting = null;
    }
  }
}
