package dev.cairn.comm.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.cairn.comm.channel.Control;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoundTest {
  private static Join join(String call, byte[] message) {
    return new Join(Collective.ALL_GATHER, 1, call, message);
  }

  @Test
  void resultThatIsTooLargeIsRefusedWithItsSizeAndNotKept() {
    int ranks = 20;
    Round round = new Round(ranks);
    byte[] large = new byte[Control.MAX_MESSAGE_BYTES];
    for (int rank = 0; rank < ranks; rank++) {
      round.add(rank, join("save(step=1)", large));
    }
    assertEquals(
        "results too large: allGather of 20 ranks, resultBytes=1342177360, expected at most"
            + " 1073741824; send bulk by a transport",
        round.refusal());
    assertEquals(0, round.resultFor(1).get(ranks - 1).length);
  }

  @Test
  void manyRanksInOneCallAreListedTogether() {
    Round round = new Round(40);
    for (int rank = 0; rank < 40; rank++) {
      round.add(rank, join(rank == 3 ? "latest" : "", new byte[0]));
    }
    assertEquals(
        "ranks are in different calls: ranks 0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16"
            + " and 23 more in no operation, rank 3 in latest",
        round.refusal());
  }

  @Test
  void roundOfOneCallHasAResult() {
    Round round = new Round(2);
    round.add(1, join("latest", new byte[] {1}));
    round.add(0, join("latest", new byte[] {0}));
    assertNull(round.refusal());
    assertEquals(1, round.firstRank());
    assertEquals(List.of(2, 2), List.of(round.resultFor(0).size(), round.resultFor(1).size()));
  }
}
