package dev.cairn.comm.control;

import dev.cairn.comm.channel.Timeouts;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Rank 0's end of the TCP control channel: the hub, and a connection to every other rank. */
public final class TcpHub implements EventLoop.Work, Connection.Owner, HubLine {
  private final Session session;
  private final Timeouts timeouts;
  private final EventLoop loop;
  private final ServerSocketChannel listener;
  private final Connection[] connections;
  private final boolean[] departed;
  private final Hub hub;
  private final Heartbeat heartbeat;
  private final Handshakes handshakes;
  private final CompletableFuture<Void> complete = new CompletableFuture<>();
  private final long gatherDeadlineNanos;
  private final Optional<? extends Closeable> lingering;

  /**
   * Listens on any free port; admits nobody before {@link #start}.
   *
   * @param secret that admits ranks; wiped here
   * @param listening where it may listen
   * @param lingering what shows ranks the way here, if it stays after the group is complete: closed
   *     once nobody can come any more
   */
  public TcpHub(
      Session session,
      Timeouts timeouts,
      Origin own,
      byte[] secret,
      Listening listening,
      Optional<? extends Closeable> lingering)
      throws IOException {
    this.session = session;
    this.timeouts = timeouts;
    this.connections = new Connection[session.size()];
    this.departed = new boolean[session.size()];
    this.heartbeat = new Heartbeat(timeouts, session::progress);
    this.handshakes = new Handshakes(secret, own, connections, departed, this::claimedTwice);
    this.lingering = lingering;
    this.gatherDeadlineNanos = System.nanoTime() + timeouts.rendezvous().toNanos();
    RemoteMembers others = new RemoteMembers(connections);
    Hub.Member[] members = new Hub.Member[session.size()];
    Arrays.setAll(members, rank -> rank == 0 ? session : others.member(rank));
    this.hub = new Hub(members, timeouts);
    this.loop = new EventLoop("cairn-control-0", this);
    this.listener = ServerSocketChannel.open();
    try {
      listening.bind(listener);
    } catch (IOException e) {
      listener.close();
      throw e;
    }
    loop.register(listener, SelectionKey.OP_ACCEPT, this::accept);
    session.failures().listen(complete::completeExceptionally);
  }

  private void claimedTwice(int rank, String message) {
    hub.fail(rank, message);
    settle();
  }

  public int port() throws IOException {
    return ((InetSocketAddress) listener.getLocalAddress()).getPort();
  }

  public void start() {
    loop.start();
  }

  /** Completes when every rank is connected, or with the reason why that will not be. */
  public CompletableFuture<Void> complete() {
    return complete;
  }

  /** Gives up before the group was complete, telling those who have joined. */
  public void abandon(String reason) {
    loop.execute(
        () -> {
          hub.fail(0, reason);
          settle();
        });
    loop.stop();
  }

  /** Returns an address of this host by which a rank of another host came, or loopback. */
  public InetAddress localAddress() throws IOException {
    InetAddress best = InetAddress.getLoopbackAddress();
    for (Connection connection : connections) {
      InetAddress local = connection == null ? best : connection.localAddress();
      if (!local.isLoopbackAddress()) {
        best = local;
      }
    }
    return best;
  }

  private void accept() {
    try {
      SocketChannel channel = listener.accept();
      if (channel != null) {
        handshakes.arrived(new Connection(loop, channel, Frame.MAX_HELLO_BYTES, this));
      }
    } catch (IOException e) {
      Handshakes.LOGGER.log(
          System.Logger.Level.WARNING, "control: a connection was not accepted", e);
    }
  }

  @Override
  public void received(Connection connection, Frame frame) throws IOException {
    int rank = connection.rank();
    if (rank < 0) {
      if (handshakes.admit(connection, frame) && handshakes.isComplete()) {
        welcome();
      }
      return;
    }
    switch (frame.kind()) {
      case JOIN -> hub.join(rank, frame.number(), Join.decode(frame.body()), System.nanoTime());
      case CANCEL -> {
        frame.readRank(); // The connection tells who it is.
        hub.cancel(rank, frame.number(), frame.readText());
      }
      case LEFT -> {
        departed[rank] = true;
        hub.leave(rank);
      }
      case HEARTBEAT -> hub.progress(rank, frame.number(), System.nanoTime());
      case MEET -> hub.callMeeting(Math.toIntExact(frame.number()));
      case ANSWER -> hub.answer(rank, frame.number(), frame.readStep(), System.nanoTime());
      default -> {} // Signs of life, and kinds that only rank 0 sends.
    }
  }

  private void welcome() {
    if (lingering.isEmpty()) {
      settle(); // First of all: a rank that came now would be late for this group.
    }
    List<ByteBuffer> frame = Frame.empty(Frame.Kind.WELCOME);
    Arrays.stream(connections)
        .skip(1)
        .forEach(c -> c.send(frame.stream().map(ByteBuffer::duplicate).toList()));
    complete.complete(null);
  }

  /** Nobody can come any more. */
  private void settle() {
    if (listener.isOpen()) {
      handshakes.close();
      EventLoop.closeQuietly(listener);
      lingering.ifPresent(EventLoop::closeQuietly);
    }
  }

  @Override
  public void ended(Connection connection, String deed) {
    int rank = connection.rank();
    if (rank < 0) {
      handshakes.lost(connection);
    } else if (!departed[rank]) {
      hub.fail(rank, RankNames.name(rank, connections.length) + " " + deed);
    }
  }

  @Override
  public long tick(long now) {
    long waitNanos = heartbeat.tick(now, connections);
    int silent = heartbeat.findSilent(now, connections);
    if (silent >= 0) {
      hub.fail(silent, RankNames.name(silent, connections.length) + heartbeat.silence());
    }
    if (listener.isOpen() && connections.length > 1) {
      handshakes.tick(now);
      waitNanos = Math.min(waitNanos, gatherDeadlineNanos - now);
      if (handshakes.isComplete()
          && (now - gatherDeadlineNanos >= 0 || session.failures().unusable().isPresent())) {
        settle();
      } else if (now - gatherDeadlineNanos >= 0) {
        giveUpGathering();
      }
    }
    hub.progress(0, session.progress(), now);
    hub.expire(now);
    return Math.max(0, Math.min(waitNanos, hub.remainingNanos(now)));
  }

  private void giveUpGathering() {
    EventLoop.closeQuietly(listener);
    List<Integer> missing = handshakes.missing();
    hub.fail(
        missing.get(0),
        "rendezvous timed out: missing %s, waited %.1f s; start every rank with the same WORLD_SIZE"
            .formatted(
                RankNames.missing(missing, connections.length),
                timeouts.rendezvous().toMillis() / 1e3));
  }

  @Override
  public void crashed(Throwable cause) {
    hub.fail(
        0,
        "control channel of %s crashed: %s".formatted(RankNames.name(0, departed.length), cause));
  }

  @Override
  public void join(long round, Join join) {
    loop.execute(() -> hub.join(0, round, join, System.nanoTime()));
  }

  @Override
  public void cancel(long operation, String reason) {
    loop.execute(() -> hub.cancel(0, operation, reason));
  }

  @Override
  public void callMeeting(int topic) {
    loop.execute(() -> hub.callMeeting(topic));
  }

  @Override
  public void answer(long question, long lastStep) {
    loop.execute(() -> hub.answer(0, question, lastStep, System.nanoTime()));
  }

  /** Tells the others that rank 0 leaves, and ends. */
  public void leave() {
    loop.execute(
        () -> {
          hub.leave(0);
          settle();
          Arrays.stream(connections).filter(c -> c != null).forEach(Connection::finish);
        });
    loop.stop();
  }
}
