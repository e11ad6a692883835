package dev.cairn.comm;

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
 */
final class Gate {
  static final System.Logger LOGGER = System.getLogger(Gate.class.getName());

  private static final long HELLO_TIMEOUT_NANOS = 5_000_000_000L;
  private static final int MAX_STRANGERS = 1024;

  private final byte[] secret;
  private final Connection[] connections;
  private final Map<Connection, Long> deadlines = new LinkedHashMap<>();

  /**
   * Creates a closed gate.
   *
   * @param connections where admitted ranks are put, by rank
   */
  Gate(byte[] secret, Connection[] connections) {
    this.secret = secret;
    this.connections = connections;
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

  /** Admits or drops; returns whether it admitted. */
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
    String wrong = refusal(rank, size);
    if (wrong != null) {
      // It has the secret, so it is one of ours with a wrong environment: tell it.
      stranger.send(Frame.about(Frame.Kind.FAILED, 0, rank, wrong));
      stranger.finish();
      deadlines.remove(stranger);
      LOGGER.log(System.Logger.Level.WARNING, "control: {0}", wrong);
      return false;
    }
    deadlines.remove(stranger);
    connections[rank] = stranger;
    stranger.trust(Control.MAX_MESSAGE_BYTES + Join.MAX_HEAD_BYTES);
    return true;
  }

  private String refusal(int rank, int size) {
    if (size != connections.length) {
      return "rank %d refused: WORLD_SIZE=%d, expected %d as on rank 0"
          .formatted(rank, size, connections.length);
    }
    if (rank < 1 || rank >= size) {
      return "rank %d refused: RANK=%d, expected 1 to %d".formatted(rank, rank, size - 1);
    }
    if (connections[rank] != null) {
      return "rank %d refused: RANK=%d is taken by another process".formatted(rank, rank);
    }
    return null;
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
    List.copyOf(deadlines.keySet()).forEach(stranger -> drop(stranger, "the group is complete"));
    Arrays.fill(secret, (byte) 0);
  }
}
