package dev.cairn.comm.control;

import dev.cairn.comm.channel.Control;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Lets ranks into rank 0's control channel: whoever does not show the secret, in the form of this
 * protocol and soon, is dropped without an answer. On the loop's thread only.
 *
 * <p>A rank of another run is told so and takes no place. When two processes claim one rank of this
 * run, nobody can tell which of them belongs here, nor whether those who came before do: the group
 * fails, also for some time after it was complete.
 */
public final class Handshakes {
  /** Learns that this group may be a mixture of two. */
  interface Doubts {
    /** Two processes claim {@code rank}. */
    void claimedTwice(int rank, String message);
  }

  public static final System.Logger LOGGER = System.getLogger(Handshakes.class.getName());

  private static final long HELLO_TIMEOUT_NANOS = 5_000_000_000L;
  private static final int MAX_STRANGERS = 1024;

  private final byte[] secret;
  private final Connection[] connections;
  private final boolean[] departed;
  private final Origin[] origins;
  private final Doubts doubts;
  private final Map<Connection, Long> deadlines = new LinkedHashMap<>();
  private int admitted;
  private boolean isComplete;

  /**
   * Creates handshakes of nobody yet.
   *
   * @param own rank 0's
   * @param connections where admitted ranks are put, by rank
   * @param departed which ranks have left in good order
   */
  Handshakes(
      byte[] secret, Origin own, Connection[] connections, boolean[] departed, Doubts doubts) {
    this.secret = secret;
    this.connections = connections;
    this.departed = departed;
    this.doubts = doubts;
    this.origins = new Origin[connections.length];
    origins[0] = own;
  }

  void arrived(Connection stranger) {
    if (deadlines.size() >= MAX_STRANGERS + connections.length) {
      drop(deadlines.keySet().iterator().next(), "too many connections without a hello");
    }
    deadlines.put(stranger, System.nanoTime() + HELLO_TIMEOUT_NANOS);
  }

  void lost(Connection stranger) {
    deadlines.remove(stranger);
  }

  /** Admits, refuses or drops; returns whether it admitted. */
  boolean admit(Connection stranger, Frame frame) {
    byte[] shown = new byte[Frame.SECRET_BYTES];
    if (frame.isHello()) {
      frame.body().get(shown);
    }
    if (!MessageDigest.isEqual(shown, secret)) {
      drop(stranger, "no valid hello");
      return false;
    }
    int rank = frame.body().getInt();
    int size = frame.body().getInt();
    Origin origin = Origin.read(frame.body());
    if (isComplete && wantsTheNextGroup(rank, origin)) {
      drop(stranger, "it asks for the next group, and this is still the one before");
      return false;
    }
    String wrong = refusal(rank, size, origin);
    if (wrong != null) {
      // It has the secret, so it is one of ours with a wrong environment: tell it.
      refuse(stranger, rank, wrong);
      return false;
    }
    if (origins[rank] != null) {
      taken(stranger, rank, origin);
      return false;
    }
    deadlines.remove(stranger);
    connections[rank] = stranger;
    origins[rank] = origin;
    isComplete = ++admitted == connections.length - 1;
    stranger.trust(rank, Control.MAX_MESSAGE_BYTES + Join.MAX_HEAD_BYTES);
    return true;
  }

  /** Returns whether every rank has come. */
  boolean isComplete() {
    return isComplete;
  }

  private String refusal(int rank, int size, Origin origin) {
    if (!origin.run().equals(origins[0].run())) {
      return origin.met(origins[0], rank, size, "rank 0's control channel").getMessage();
    }
    if (size != connections.length) {
      return "rank %d refused: WORLD_SIZE=%d, expected %d as on rank 0"
          .formatted(rank, size, connections.length);
    }
    if (rank < 0 || rank >= size) {
      return "rank %d refused: RANK=%d, expected 0 to %d".formatted(rank, rank, size - 1);
    }
    return null;
  }

  /**
   * A member that joins once more, or whoever comes in place of a rank that has left, is no claim.
   */
  private boolean wantsTheNextGroup(int rank, Origin origin) {
    boolean hasLeft = rank >= 0 && rank < departed.length && departed[rank];
    return hasLeft || Arrays.stream(origins).anyMatch(o -> o.process() == origin.process());
  }

  private void refuse(Connection stranger, int rank, String message) {
    stranger.send(Frame.about(Frame.Kind.FAILED, 0, rank, message));
    stranger.finish();
    deadlines.remove(stranger);
    LOGGER.log(System.Logger.Level.WARNING, "control: {0}", message);
  }

  private void taken(Connection stranger, int rank, Origin claimant) {
    String message =
        ("two processes claim %s: %s and %s, both of %s; nobody can tell which one belongs here:"
                + " give each run its own MASTER_PORT or CAIRN_RUN_ID")
            .formatted(
                RankNames.name(rank, connections.length),
                name(
                    origins[rank], rank == 0 ? stranger.localName() : connections[rank].peerName()),
                name(claimant, stranger.peerName()),
                claimant.run());
    refuse(stranger, rank, message);
    doubts.claimedTwice(rank, message);
  }

  private static String name(Origin origin, String address) {
    return "pid %d at %s".formatted(origin.pid(), address);
  }

  /** Drops who has been silent for too long. */
  void tick(long now) {
    List<Connection> late = new ArrayList<>();
    deadlines.forEach(
        (stranger, deadline) -> {
          if (now - deadline >= 0) {
            late.add(stranger);
          }
        });
    late.forEach(stranger -> drop(stranger, "no hello in time"));
  }

  private void drop(Connection stranger, String reason) {
    deadlines.remove(stranger);
    stranger.close();
    LOGGER.log(System.Logger.Level.DEBUG, "control: a stranger was dropped: {0}", reason);
  }

  List<Integer> missing() {
    return IntStream.range(1, connections.length)
        .filter(rank -> connections[rank] == null)
        .boxed()
        .toList();
  }

  /** Drops everybody who has not been admitted. */
  void close() {
    List.copyOf(deadlines.keySet()).forEach(stranger -> drop(stranger, "nobody can come any more"));
    Arrays.fill(secret, (byte) 0);
  }
}
