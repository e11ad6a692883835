package dev.cairn.comm.control;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;

/** Another rank's end of the TCP control channel: one connection, to rank 0. */
public final class TcpMember implements EventLoop.Work, Connection.Owner, HubLine {
  private final Session session;
  private final EventLoop loop;
  private final Connection connection;
  private final Heartbeat heartbeat;
  private final CompletableFuture<Boolean> welcome = new CompletableFuture<>();
  private boolean rankZeroLeft;
  private boolean finished;

  /** Takes over a connected channel; says hello once started. */
  public TcpMember(Session session, Timeouts timeouts, SocketChannel channel) throws IOException {
    this.session = session;
    this.heartbeat = new Heartbeat(timeouts, session::progress);
    this.loop = new EventLoop("cairn-control-" + session.rank(), this);
    this.connection = new Connection(loop, channel, Frame.MAX_BODY_BYTES, this);
  }

  public void start(byte[] secret, Origin origin) {
    loop.execute(
        () -> connection.send(Frame.hello(secret, session.rank(), session.size(), origin)));
    loop.start();
  }

  /**
   * Completes when the group is complete; with false if whoever listens there has dropped us, and
   * with an exception if rank 0 has told us why it failed.
   */
  public CompletableFuture<Boolean> welcome() {
    return welcome;
  }

  /** Returns the address of this host by which it reaches rank 0. */
  public InetAddress localAddress() throws IOException {
    return connection.localAddress();
  }

  @Override
  public void received(Connection from, Frame frame) throws IOException {
    switch (frame.kind()) {
      case WELCOME -> welcome.complete(true);
      case RESULT -> session.completed(frame.number(), frame.readMessages());
      case REFUSED -> session.refused(frame.number(), frame.readOperation(), frame.readText());
      case CANCEL -> session.cancelled(frame.readRank(), frame.number(), frame.readText());
      case LEFT -> left(frame.readRank());
      case ASK -> session.asked(frame.number());
      case AGREED -> session.agreed(Math.toIntExact(frame.number()), frame.readStep());
      case FAILED -> fail(frame.readRank(), frame.readText());
      default -> {} // Signs of life, and kinds that only rank 0 receives.
    }
  }

  private void left(int rank) {
    rankZeroLeft |= rank == 0;
    session.left(rank);
  }

  private void fail(int rank, String message) {
    finished = true;
    connection.close();
    welcome.completeExceptionally(new CommunicationException(rank, message));
    session.failed(rank, message);
  }

  @Override
  public void ended(Connection from, String deed) {
    if (welcome.complete(false)) {
      finished = true;
    } else if (!rankZeroLeft) {
      fail(0, RankNames.name(0, session.size()) + " " + deed);
    }
  }

  @Override
  public long tick(long now) {
    long waitNanos = heartbeat.tick(now, connection);
    if (!finished && heartbeat.findSilent(now, connection) >= 0) {
      fail(0, RankNames.name(0, session.size()) + heartbeat.silence());
    }
    return connection.isOpen() ? Math.max(0, waitNanos) : Long.MAX_VALUE;
  }

  @Override
  public void crashed(Throwable cause) {
    String name = RankNames.name(session.rank(), session.size());
    fail(session.rank(), "control channel of %s crashed: %s".formatted(name, cause));
  }

  @Override
  public void join(long round, Join join) {
    loop.execute(() -> connection.send(Frame.join(round, join)));
  }

  @Override
  public void cancel(long operation, String reason) {
    loop.execute(
        () -> connection.send(Frame.about(Frame.Kind.CANCEL, operation, session.rank(), reason)));
  }

  @Override
  public void callMeeting(int topic) {
    loop.execute(() -> connection.send(Frame.empty(Frame.Kind.MEET, topic)));
  }

  @Override
  public void answer(long question, long lastStep) {
    loop.execute(() -> connection.send(Frame.aboutStep(Frame.Kind.ANSWER, question, lastStep)));
  }

  /** Tells the others that this rank leaves, and ends. */
  public void leave() {
    loop.execute(
        () -> {
          finished = true;
          connection.send(Frame.about(Frame.Kind.LEFT, 0, session.rank(), ""));
          connection.finish();
        });
    loop.stop();
  }

  /** Ends without a word: never was a member. */
  public void abandon() {
    loop.execute(connection::close);
    loop.stop();
  }
}
