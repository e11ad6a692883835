package dev.cairn.comm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Control;
import dev.cairn.comm.channel.Timeouts;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What every control channel does, whatever carries it: at failures, cancels and closes, too. */
abstract class ControlContract extends CollectivesContract {
  @Test
  void missingRanksAreNamedWhenACollectiveTimesOut() throws Exception {
    Timeouts hasty =
        new Timeouts(Duration.ofSeconds(20), Duration.ofSeconds(1), Duration.ofSeconds(30));
    List<Communicator> group = group(4, hasty);
    List<CompletableFuture<List<byte[]>>> joined =
        ThreadedRanks.startAll(
            List.of(group.get(0), group.get(2)), c -> c.control().allGather(bytes("here")));
    for (CompletableFuture<List<byte[]>> future : joined) {
      CommunicationException e = ThreadedRanks.failure(future);
      assertEquals(1, e.rank());
      assertTrue(
          e.getMessage().startsWith("allGather timed out: missing ranks 1, 3 of 4, waited 1.0 s"),
          e.getMessage());
    }
    CommunicationException late =
        assertThrows(
            CommunicationException.class, () -> group.get(1).control().allGather(bytes("late")));
    assertEquals(ThreadedRanks.failure(joined.get(0)).getMessage(), late.getMessage());
  }

  @Test
  void ranksOutOfStepAreNamedOnEveryRank() throws Exception {
    List<CompletableFuture<byte[]>> futures =
        ThreadedRanks.startAll(
            group(3),
            c -> {
              if (c.rank() == 1) {
                Thread.sleep(200);
                return c.control().broadcast(null);
              }
              return c.control().allGather(bytes("x")).get(0);
            });
    for (CompletableFuture<byte[]> future : futures) {
      CommunicationException e = ThreadedRanks.failure(future);
      assertEquals(1, e.rank());
      assertTrue(
          e.getMessage()
              .startsWith("collectives out of step: rank 1 of 3 called broadcast as round 1"),
          e.getMessage());
    }
  }

  @Test
  void ranksInDifferentCallsAreToldWhoIsWhereAndTheChannelStaysWhole() throws Exception {
    List<String> results =
        ThreadedRanks.run(
            group(3),
            c -> {
              c.control().begin(c.rank() == 1 ? "save(step=200)" : "save(step=100)");
              CommunicationException e =
                  assertThrows(
                      CommunicationException.class,
                      () -> {
                        if (c.rank() == 1) {
                          c.control().broadcast(null);
                        } else {
                          c.control().allGather(bytes("x"));
                        }
                      });
              c.control().begin("save(step=300)");
              assertEquals(3, c.control().allGather(bytes("y")).size());
              return e.getMessage() + e.rank();
            });
    assertEquals(
        Set.of(
            "ranks are in different calls: ranks 0, 2 in save(step=100), rank 1 in save(step=200)"
                + "-1"),
        Set.copyOf(results));
  }

  @Test
  void rankThatIsOneCallBehindIsToldThoughTheCallsHaveOneName() throws Exception {
    List<String> results =
        ThreadedRanks.run(
            group(2),
            c -> {
              c.control().begin("save(step=1)");
              if (c.rank() == 1) {
                c.control().begin("save(step=1)");
              }
              CommunicationException e =
                  assertThrows(
                      CommunicationException.class, () -> c.control().allGather(bytes("x")));
              c.control().begin("save(step=1)");
              c.control().allGather(bytes("y"));
              return e.getMessage();
            });
    assertEquals(
        Set.of(
            "ranks are in different calls: rank 0 in save(step=1) as operation 1, rank 1 in"
                + " save(step=1) as operation 2"),
        Set.copyOf(results));
  }

  @Test
  void nameOfAnOperationThatIsTooLongIsRefused() throws Exception {
    Communicator only = group(1).get(0);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> only.control().begin("x".repeat(1001)));
    assertEquals(
        "name of an operation too long: length=1001, expected at most 1000", e.getMessage());
    only.control().begin("\u20ac".repeat(1000));
    only.control().allGather(bytes("x"));
  }

  @Test
  void rankThatLeftIsNamedByTheNextCollective() throws Exception {
    List<Communicator> group = group(3);
    ThreadedRanks.run(group, c -> c.control().allGather(bytes("last")));
    CompletableFuture<List<byte[]>> waiting =
        ThreadedRanks.start(() -> group.get(0).control().allGather(bytes("more")));
    group.get(2).close();
    CommunicationException e = ThreadedRanks.failure(waiting);
    assertEquals(2, e.rank());
    assertEquals("rank 2 of 3 has closed its communicator", e.getMessage());
    CommunicationException other =
        ThreadedRanks.failure(
            ThreadedRanks.start(() -> group.get(1).control().allGather(bytes("more"))));
    assertEquals(e.getMessage(), other.getMessage());
  }

  @Test
  void rankZeroMayLeaveFirst() throws Exception {
    List<Communicator> group = group(3);
    ThreadedRanks.run(group, c -> c.control().allGather(bytes("last")));
    group.get(0).close();
    CommunicationException e =
        ThreadedRanks.failure(
            ThreadedRanks.start(() -> group.get(1).control().allGather(bytes("more"))));
    assertEquals("rank 0 of 3 has closed its communicator", e.getMessage());
  }

  @Test
  void cancelShowsOnEveryRankUntilTheNextOperationBegins() throws Exception {
    List<Communicator> group = group(3);
    Set<String> seen =
        ThreadedRanks.run(
                group,
                c -> {
                  CompletableFuture<CommunicationException> told = new CompletableFuture<>();
                  c.control().onFailure(told::complete);
                  c.control().allGather(bytes("begin"));
                  if (c.rank() == 1) {
                    c.control().cancel("disk full");
                  }
                  CommunicationException heard = ThreadedRanks.get(told);
                  c.control().allGather(bytes("outcome"));
                  CommunicationException shown = c.control().failure().orElseThrow();
                  c.control().begin("work");
                  assertFalse(c.control().failure().isPresent());
                  c.control().allGather(bytes("next"));
                  return heard.getMessage() + heard.rank() + shown.getMessage() + shown.rank();
                })
            .stream()
            .collect(Collectors.toSet());
    String each = "cancelled by rank 1 of 3: disk full1";
    assertEquals(Set.of(each + each), seen);
  }

  @Test
  void cancelOfAnEarlierOperationIsNotSeenByALaterOne() throws Exception {
    List<Communicator> group = group(2);
    group.get(0).control().begin("work");
    group.get(1).control().cancel("late news");
    while (group.get(1).control().failure().isEmpty()) { // rank 0 is told before rank 1
      Thread.sleep(5);
    }
    assertFalse(group.get(0).control().failure().isPresent());
  }

  @Test
  void cancelOfALaterOperationIsSeenOnceThatBegins() throws Exception {
    List<Communicator> group = group(2);
    group.get(0).control().begin("work");
    group.get(0).control().cancel("ahead");
    while (group.get(0).control().failure().isEmpty()) {
      Thread.sleep(5);
    }
    assertFalse(group.get(1).control().failure().isPresent());
    CompletableFuture<CommunicationException> told = new CompletableFuture<>();
    group.get(1).control().onFailure(told::complete);
    group.get(1).control().begin("work");
    assertNotNull(ThreadedRanks.get(told));
    assertTrue(group.get(1).control().failure().isPresent());
  }

  @Test
  void stepThrowsOnceTheChannelIsBroken() throws Exception {
    Timeouts hasty =
        new Timeouts(Duration.ofSeconds(20), Duration.ofMillis(500), Duration.ofSeconds(30));
    List<Communicator> group = group(2, hasty);
    Control trainsOn = group.get(1).control();
    assertEquals(Set.of(), trainsOn.endStep(1));
    CommunicationException broke =
        ThreadedRanks.failure(
            ThreadedRanks.start(() -> group.get(0).control().allGather(bytes("alone"))));
    while (trainsOn.failure().isEmpty()) {
      Thread.sleep(10);
    }
    CommunicationException told =
        assertThrows(CommunicationException.class, () -> trainsOn.endStep(2));
    assertEquals(broke.getMessage(), told.getMessage());
  }

  @Test
  void stepIsNotDisturbedByACancellationOrByARankThatLeft() throws Exception {
    List<Communicator> group = group(2);
    Control trainsOn = group.get(1).control();
    group.get(0).control().cancel("disk full");
    ThreadedRanks.run(group, c -> c.control().allGather(bytes("outcome")));
    assertTrue(trainsOn.failure().isPresent());
    assertEquals(Set.of(), trainsOn.endStep(1));
    group.get(0).close();
    assertEquals(Set.of(), trainsOn.endStep(2));
  }

  @Test
  void closedCommunicatorRefusesEveryCall() throws Exception {
    Communicator only = group(1).get(0);
    only.close();
    only.close();
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> only.control().allGather(bytes("x")));
    assertEquals("communicator is closed", e.getMessage());
    assertThrows(IllegalStateException.class, () -> only.control().begin("x"));
    assertThrows(IllegalStateException.class, () -> only.control().cancel("x"));
    assertThrows(IllegalStateException.class, only::transport);
  }

  @Test
  void closeWhileACollectiveRunsIsRefused() throws Exception {
    List<Communicator> group = group(2);
    CompletableFuture<List<byte[]>> waiting =
        ThreadedRanks.start(() -> group.get(1).control().allGather(bytes("x")));
    IllegalStateException e = null;
    while (e == null) {
      Thread.sleep(20);
      Communicator busy = group.get(1);
      e = waiting.isDone() ? new IllegalStateException("collective ended") : tryClose(busy);
    }
    assertEquals("communicator closed while a collective runs", e.getMessage());
    group.get(0).control().allGather(bytes("y"));
    ThreadedRanks.get(waiting);
  }

  private static IllegalStateException tryClose(Communicator communicator) {
    return assertThrows(IllegalStateException.class, communicator::close);
  }

  @Test
  void twoThreadsOfOneRankCannotBothCall() throws Exception {
    List<Communicator> group = group(2);
    CompletableFuture<List<byte[]>> waiting =
        ThreadedRanks.start(() -> group.get(1).control().allGather(bytes("x")));
    Thread.sleep(200);
    assertThrows(IllegalStateException.class, () -> group.get(1).control().allGather(bytes("y")));
    group.get(0).control().allGather(bytes("z"));
    assertArrayEquals(bytes("x"), ThreadedRanks.get(waiting).get(1));
  }
}
