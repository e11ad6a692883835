package dev.cairn.comm;

import dev.cairn.comm.bulk.LentFactory;
import dev.cairn.comm.bulk.TransportFactory;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.MessageGroup;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.control.DaemonThreads;
import dev.cairn.comm.control.FailureState;
import dev.cairn.comm.control.Handshakes;
import dev.cairn.comm.control.Listening;
import dev.cairn.comm.control.Origin;
import dev.cairn.comm.control.RankNames;
import dev.cairn.comm.control.Session;
import dev.cairn.comm.control.TcpHub;
import dev.cairn.comm.control.TcpMember;
import dev.cairn.comm.gloo.GlooFactory;
import dev.cairn.comm.rendezvous.Endpoint;
import dev.cairn.comm.rendezvous.Rendezvous;
import dev.cairn.machine.Machine;
import dev.cairn.machine.OpenFiles;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Makes a process one rank of a group that talks over TCP. */
final class TcpGroup {
  private static final long RETRY_MILLIS = 50;

  /** Rank 0 names who is missing: the others give it this much longer to say so. */
  private static final long GRACE_MILLIS = 3000;

  /** What a JVM with its libraries and a checkpoint's files has open beside connections. */
  private static final int FILES_OF_A_PROCESS = 200;

  /** How long another rank 0 may take to say that it lives. */
  private static final long RIVAL_MILLIS = 3000;

  private final Origin origin;
  private final int rank;
  private final int size;
  private final Timeouts timeouts;
  private final Rendezvous rendezvous;
  private final Optional<MessageGroup> lent;
  private final Listening listening;
  private final long deadlineNanos;

  /**
   * Prepares to join.
   *
   * @param lent carries the bulk of saves that the caller waits for
   * @param listening where rank 0 may listen; means nothing elsewhere
   */
  TcpGroup(
      Origin origin,
      int rank,
      int size,
      Timeouts timeouts,
      Rendezvous rendezvous,
      Optional<MessageGroup> lent,
      Listening listening) {
    this.listening = listening;
    this.origin = origin;
    this.lent = lent;
    this.rank = rank;
    this.size = size;
    this.timeouts = timeouts;
    this.rendezvous = rendezvous;
    this.deadlineNanos = System.nanoTime() + timeouts.rendezvous().toNanos();
  }

  /** Joins the group and ends the rendezvous, whatever comes of it; or rank 0's channel does. */
  Communicator join() throws CommunicationException {
    // On a thread of our own: an interrupt of the caller would close the sockets that are made.
    return DaemonThreads.call(
        "cairn-rendezvous-" + rank,
        () -> {
          boolean lingers = false;
          try {
            Communicator joined = rank == 0 ? gather() : find();
            lingers = rank == 0 && rendezvous.lingers();
            return joined;
          } catch (IOException e) {
            throw asCommunicationException(e);
          } finally {
            if (!lingers) {
              rendezvous.close();
            }
          }
        });
  }

  private CommunicationException asCommunicationException(IOException e) {
    return e instanceof CommunicationException known
        ? known
        : new CommunicationException(
            rank,
            "rendezvous failed on %s: %s, at %s".formatted(RankNames.name(rank, size), e, place()),
            e);
  }

  private String place() {
    return rendezvous.where();
  }

  /** Beyond the limit even the JVM's own files do not open any more, and nobody knows why. */
  private void checkOpenFiles(OptionalLong limit) throws CommunicationException {
    long needed = 2L * size + FILES_OF_A_PROCESS;
    if (limit.isPresent() && limit.getAsLong() < needed) {
      throw new CommunicationException(
          rank,
          ("too few files may be open on %s: limit=%d, expected %d or more, two connections for"
                  + " each rank; raise it where this process is started (ulimit -n, LimitNOFILE)")
              .formatted(RankNames.name(rank, size), limit.getAsLong(), needed));
    }
  }

  private Communicator gather() throws IOException {
    checkOpenFiles(OpenFiles.limit());
    Session session = new Session(rank, size, 0, Machine.local());
    String secret = Endpoint.newSecret();
    byte[] secretBytes = new Endpoint("", 1, secret).secretBytes();
    Optional<Rendezvous> lingering = Optional.of(rendezvous).filter(Rendezvous::lingers);
    Listening here = listening.onAddressOr(rendezvous.bindAddress());
    TcpHub hub = new TcpHub(session, timeouts, origin, secretBytes, here, lingering);
    session.attach(hub);
    hub.start();
    try {
      Endpoint own = new Endpoint(advertisedHost(), hub.port(), secret);
      publish(own);
      get(hub.complete(), timeouts.rendezvous().toMillis() + GRACE_MILLIS);
      refuseRival(own);
      TransportFactory factory = factory(session, hub::localAddress);
      return new RankCommunicator(session, factory, hub::leave);
    } catch (IOException e) {
      hub.abandon("rendezvous failed on %s: %s".formatted(RankNames.name(0, size), e.getMessage()));
      throw e;
    }
  }

  private String advertisedHost() throws IOException {
    return listening.address().isPresent()
        ? listening.address().get().getHostAddress()
        : rendezvous.advertisedHost();
  }

  private void publish(Endpoint own) throws IOException {
    Optional<Endpoint> stale = Optional.empty();
    while (true) {
      Optional<Endpoint> rival = rendezvous.publish(own, stale);
      if (rival.isEmpty()) {
        return;
      }
      challenge(rival.get());
      stale = rival;
    }
  }

  /** Two that published at the same time may each have got ranks of the other's run. */
  private void refuseRival(Endpoint own) throws IOException {
    Optional<Endpoint> rival = rendezvous.rival(own);
    if (rival.isPresent()) {
      challenge(rival.get());
      throw new CommunicationException(
          0,
          "two processes claim %s: this one's address was replaced by %s, at %s"
              .formatted(RankNames.name(0, size), rival.get(), place()));
    }
  }

  /**
   * Claims to be rank 0 where another one says so too: throws what that one answers, which fails
   * its group as well. Returns if nobody answers, or somebody whose group is complete and not
   * rivalled.
   */
  private void challenge(Endpoint rival) throws CommunicationException {
    try {
      knock(rival, RIVAL_MILLIS);
    } catch (IOException e) {
      boolean isAnswer = e instanceof CommunicationException;
      if (isAnswer && !(e.getCause() instanceof TimeoutException)) {
        throw (CommunicationException) e;
      }
      Handshakes.LOGGER.log(System.Logger.Level.DEBUG, "rank 0: a stale address: " + rival, e);
    }
  }

  private TransportFactory factory(Session session, GlooFactory.LocalAddress local) {
    GlooFactory own = new GlooFactory(session, timeouts, local);
    return lent.isEmpty() ? own : new LentFactory(session, timeouts, lent.get(), own);
  }

  private Communicator find() throws IOException, InterruptedException {
    String last = "no address was published";
    while (System.nanoTime() - deadlineNanos < 0) {
      try {
        Optional<Endpoint> endpoint = rendezvous.find(leftMillis());
        Optional<Communicator> joined =
            endpoint.isEmpty()
                ? Optional.empty()
                : knock(endpoint.get(), leftMillis() + GRACE_MILLIS);
        if (joined.isPresent()) {
          return joined.get();
        }
        last = endpoint.map(e -> e + " did not let this rank in").orElse(last);
      } catch (CommunicationException e) {
        throw e;
      } catch (IOException e) {
        last = e.toString(); // A stale address, or rank 0 does not listen yet.
      }
      Thread.sleep(RETRY_MILLIS);
    }
    throw new CommunicationException(
        0,
        "rendezvous timed out: %s could not reach %s in %.1f s, at %s: %s"
            .formatted(
                RankNames.name(rank, size),
                RankNames.name(0, size),
                timeouts.rendezvous().toMillis() / 1e3,
                place(),
                last));
  }

  private long leftMillis() {
    return Math.max(1, (deadlineNanos - System.nanoTime()) / 1_000_000);
  }

  private Optional<Communicator> knock(Endpoint endpoint, long waitMillis) throws IOException {
    SocketChannel channel = connect(endpoint);
    Session session = new Session(rank, size, 0, Machine.local());
    TcpMember member = new TcpMember(session, timeouts, channel);
    session.attach(member);
    member.start(endpoint.secretBytes(), origin);
    try {
      if (get(member.welcome(), waitMillis)) {
        TransportFactory factory = factory(session, member::localAddress);
        return Optional.of(new RankCommunicator(session, factory, member::leave));
      }
    } catch (IOException e) {
      member.abandon();
      throw e;
    }
    member.abandon();
    return Optional.empty();
  }

  private SocketChannel connect(Endpoint endpoint) throws IOException {
    SocketChannel channel = SocketChannel.open();
    try {
      channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
      InetSocketAddress address = endpoint.address();
      if (address.isUnresolved()) {
        throw new IOException("unknown host");
      }
      channel.socket().connect(address, (int) Math.min(leftMillis(), 5000));
      return channel;
    } catch (IOException e) {
      channel.close();
      // Where ranks meet is another place, whose port may be open.
      throw new IOException("control channel of rank 0 at %s: %s".formatted(endpoint, e), e);
    }
  }

  private <T> T get(CompletableFuture<T> future, long timeoutMillis) throws IOException {
    try {
      return future.get(timeoutMillis, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof CommunicationException known
          ? FailureState.rethrown(known)
          : new IOException(e.getCause());
    } catch (TimeoutException e) {
      throw new CommunicationException(
          0,
          "rendezvous timed out: %s went silent, at %s".formatted(RankNames.name(0, size), place()),
          e);
    } catch (InterruptedException e) {
      throw new IOException("the rendezvous thread was interrupted", e);
    }
  }
}
