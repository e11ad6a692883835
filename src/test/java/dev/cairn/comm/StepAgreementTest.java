package dev.cairn.comm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Control;
import dev.cairn.comm.channel.Timeouts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks agree on a step to come while they train, and are waited for while they get on. */
@Tag("stress")
@Timeout(60)
class StepAgreementTest {
  private static final Timeouts HASTY =
      new Timeouts(Duration.ofSeconds(30), Duration.ofMillis(800), Duration.ofSeconds(20));

  @TempDir Path directory;
  private final List<Communicator> opened = new ArrayList<>();
  private int groups;

  private List<Communicator> group(boolean overTcp, int size, Timeouts timeouts) throws Exception {
    List<Communicator> group = new ArrayList<>();
    if (overTcp) {
      Path meet = Files.createDirectory(directory.resolve("meet" + groups++));
      List<CompletableFuture<Communicator>> joining = new ArrayList<>();
      for (int rank = 0; rank < size; rank++) {
        int self = rank;
        joining.add(
            ThreadedRanks.start(
                () -> ThreadedRanks.join(self, size, timeouts, ThreadedRanks.in(meet))));
      }
      group.addAll(ThreadedRanks.collect(joining));
    } else {
      group.addAll(InProcess.group(size, timeouts));
    }
    opened.addAll(group);
    return group;
  }

  @AfterEach
  void closeAll() {
    opened.forEach(Communicator::close);
  }

  /** Trains until a meeting, step after step, and returns the step of the meeting. */
  private static long trainUntilMeeting(Control control, long callAt, int topic, long stepMicros)
      throws Exception {
    for (long step = 1; ; step++) {
      Thread.sleep(stepMicros / 1000, (int) (stepMicros % 1000) * 1000);
      Set<Integer> topics = control.endStep(step);
      if (!topics.isEmpty()) {
        assertEquals(Set.of(topic), topics);
        return step;
      }
      if (step == callAt) {
        control.callMeeting(topic);
      }
      assertTrue(step < 1_000_000, "no meeting ever");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void ranksMeetAtOneStepHoweverFastEachIs(boolean overTcp) throws Exception {
    for (int caller = 0; caller < 3; caller++) {
      int calls = caller;
      List<Long> steps =
          ThreadedRanks.run(
              group(overTcp, 3, Timeouts.defaults()),
              c ->
                  trainUntilMeeting(
                      c.control(), c.rank() == calls ? 20 : -1, 7, 300L * (3 - c.rank())));
      assertEquals(1, Set.copyOf(steps).size(), steps::toString);
      assertTrue(steps.get(0) > 20, steps::toString);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void ranksThatWaitForEachOtherInEveryStepMeet(boolean overTcp) throws Exception {
    List<Communicator> training = group(overTcp, 4, Timeouts.defaults());
    List<Communicator> group = group(overTcp, 4, Timeouts.defaults());
    List<Long> steps =
        ThreadedRanks.run(
            group,
            c -> {
              for (long step = 1; ; step++) {
                training.get(c.rank()).control().allGather(new byte[0]); // a step's reduction
                if (!c.control().endStep(step).isEmpty()) {
                  return step;
                }
                if (step == 5 + c.rank()) {
                  c.control().callMeeting(0); // every rank, as a launcher signals all of them
                }
              }
            });
    assertEquals(1, Set.copyOf(steps).size(), steps::toString);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void noRankWaitsForTheTrainingOfAnother(boolean overTcp) throws Exception {
    List<Communicator> group = group(overTcp, 2, Timeouts.defaults());
    group.get(0).control().endStep(10);
    group.get(1).control().endStep(10);
    group.get(1).control().callMeeting(3); // by a signal; rank 1 stays in its step 11
    long step = 11;
    while (group.get(0).control().endStep(step).isEmpty()) {
      step++;
    }
    assertEquals(Set.of(3), group.get(1).control().endStep(step));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void meetingCalledBeforeTheFirstStepIsAfterIt(boolean overTcp) throws Exception {
    List<Communicator> group = group(overTcp, 3, Timeouts.defaults());
    group.get(2).control().callMeeting(1);
    Thread.sleep(50);
    List<Set<Integer>> topics = ThreadedRanks.run(group, c -> c.control().endStep(1001));
    assertEquals(List.of(Set.of(1), Set.of(1), Set.of(1)), topics);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void rankThatNeverEndsAStepIsNamed(boolean overTcp) throws Exception {
    List<Communicator> group = group(overTcp, 2, HASTY);
    group.get(0).control().endStep(1);
    group.get(0).control().callMeeting(1);
    CommunicationException e =
        assertThrows(
            CommunicationException.class,
            () -> {
              for (long step = 2; ; step++) {
                assertEquals(Set.of(), group.get(0).control().endStep(step));
              }
            });
    assertEquals(1, e.rank());
    assertTrue(
        e.getMessage().startsWith("no step agreed upon: no step of rank 1 of 2 has ended"),
        e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void rankThatGetsOnIsWaitedForBeyondTheTimeout(boolean overTcp) throws Exception {
    ThreadedRanks.run(
        group(overTcp, 3, HASTY),
        c -> {
          for (int tenth = 0; c.rank() != 0 && tenth < 25; tenth++) {
            Thread.sleep(100);
            c.control().progressed();
          }
          return c.control().allGather(new byte[0]);
        });
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void rankThatHangsIsNamedThoughAnotherGetsOn(boolean overTcp) throws Exception {
    List<Communicator> group = group(overTcp, 3, HASTY);
    CompletableFuture<List<byte[]>> waiting =
        ThreadedRanks.start(() -> group.get(0).control().allGather(new byte[0]));
    for (int tenth = 0; tenth < 20; tenth++) {
      Thread.sleep(100);
      group.get(1).control().progressed();
    }
    CommunicationException e = ThreadedRanks.failure(waiting);
    assertEquals(2, e.rank());
    assertTrue(e.getMessage().contains("missing rank 2 of 3"), e.getMessage());
  }

  @Test
  void stepsThatGoBackAreRefused() throws Exception {
    Control control = group(false, 1, Timeouts.defaults()).get(0).control();
    control.endStep(5);
    Exception e = assertThrows(IllegalArgumentException.class, () -> control.endStep(5));
    assertEquals("steps go back: step=5, expected more than 5", e.getMessage());
  }
}
