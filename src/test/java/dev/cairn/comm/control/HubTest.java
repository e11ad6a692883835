package dev.cairn.comm.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.comm.channel.Timeouts;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HubTest {
  private static final int RANKS = 4;
  private static final int DEAD = 2;

  private final List<List<String>> heard = new ArrayList<>();

  /** Writes down what it is told; telling the dead one anything shows the hub that it is dead. */
  private final class Listener implements Hub.Member {
    private final int rank;

    Listener(int rank) {
      this.rank = rank;
    }

    private void hear(String word) {
      if (rank == DEAD) {
        hub.fail(DEAD, "gone");
      } else {
        heard.get(rank).add(word);
      }
    }

    @Override
    public void completed(long round, List<byte[]> messages) {
      hear("completed " + round);
    }

    @Override
    public void refused(long round, long operation, String reason) {
      hear("refused " + round);
    }

    @Override
    public void cancelled(int cancellingRank, long operation, String reason) {
      hear("cancelled " + operation);
    }

    @Override
    public void left(int leavingRank) {
      hear("left " + leavingRank);
    }

    @Override
    public void asked(long question) {
      hear("asked " + question);
    }

    @Override
    public void agreed(int topic, long step) {
      hear("agreed " + step);
    }

    @Override
    public void failed(int failedRank, String message) {
      hear("failed " + failedRank);
    }
  }

  private final Hub hub =
      new Hub(
          IntStream.range(0, RANKS)
              .mapToObj(
                  rank -> {
                    heard.add(new ArrayList<>());
                    return new Listener(rank);
                  })
              .toArray(Hub.Member[]::new),
          Timeouts.defaults());

  private void assertHeard(String... words) {
    for (int rank = 0; rank < RANKS; rank++) {
      assertEquals(rank == DEAD ? List.of() : List.of(words), heard.get(rank), "rank " + rank);
    }
  }

  /** Else rank 0 would go on and commit what another rank has been told has failed. */
  @Test
  void rankThatCannotBeToldOfResultDoesNotKeepItFromOthers() {
    for (int rank = 0; rank < RANKS; rank++) {
      hub.join(rank, 1, new Join(Collective.GATHER, 1, "save(1)", new byte[0]), 0);
    }
    assertHeard("completed 1", "failed 2");
  }

  @Test
  void rankThatCannotBeToldOfCancellationDoesNotKeepItFromOthers() {
    hub.cancel(0, 1, "no");
    assertHeard("cancelled 1", "failed 2");
  }

  @Test
  void rankThatCannotBeAskedDoesNotKeepTheQuestionFromOthers() {
    hub.callMeeting(1);
    assertHeard("asked 1", "failed 2");
  }
}
