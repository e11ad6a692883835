package dev.cairn.comm.control;

import java.nio.ByteBuffer;
import java.util.List;

/** The other ranks, as rank 0's hub sees them: what it tells them goes over their connections. */
final class RemoteMembers {
  private final Connection[] connections;
  private long encodedRound;
  private List<ByteBuffer> encoded;

  /**
   * Creates members that may not have come yet.
   *
   * @param connections by rank; null where there is none, to which nothing is sent
   */
  RemoteMembers(Connection[] connections) {
    this.connections = connections;
  }

  Hub.Member member(int rank) {
    return new Remote(rank);
  }

  /** Another rank, as the hub sees it. */
  private final class Remote implements Hub.Member {
    private final int rank;

    Remote(int rank) {
      this.rank = rank;
    }

    private void send(List<ByteBuffer> frame) {
      if (connections[rank] != null) {
        connections[rank].send(frame);
      }
    }

    @Override
    public void completed(long round, List<byte[]> messages) {
      if (encodedRound != round) {
        encodedRound = round;
        encoded = Frame.result(round, messages);
      }
      send(encoded.stream().map(ByteBuffer::duplicate).toList());
      if (rank == 1) { // the last that is told over a connection
        encoded = null; // The queues hold what is still to be sent.
      }
    }

    @Override
    public void refused(long round, long operation, String reason) {
      send(Frame.refused(round, operation, reason));
    }

    @Override
    public void cancelled(int cancellingRank, long operation, String reason) {
      send(Frame.about(Frame.Kind.CANCEL, operation, cancellingRank, reason));
    }

    @Override
    public void asked(long question) {
      send(Frame.empty(Frame.Kind.ASK, question));
    }

    @Override
    public void agreed(int topic, long step) {
      send(Frame.aboutStep(Frame.Kind.AGREED, topic, step));
    }

    @Override
    public void left(int departedRank) {
      if (departedRank != rank) {
        send(Frame.about(Frame.Kind.LEFT, 0, departedRank, ""));
      }
    }

    @Override
    public void failed(int failedRank, String message) {
      send(Frame.about(Frame.Kind.FAILED, 0, failedRank, message));
      if (connections[rank] != null) {
        connections[rank].finish();
      }
    }
  }
}
