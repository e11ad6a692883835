package dev.cairn.simulation.checker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.simulation.history.Call;
import dev.cairn.simulation.history.CallKind;
import dev.cairn.simulation.history.Contents;
import dev.cairn.simulation.history.Event;
import dev.cairn.simulation.history.FaultKind;
import dev.cairn.simulation.history.Outcome;
import dev.cairn.simulation.history.Setup;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The checker finds what it is there for, in histories that are made by hand. */
class CheckerTest {
  private static final Setup DURABLE = Setup.simple(SaveMode.PARALLEL, Durability.DURABLE);
  private static final Setup FAST = Setup.simple(SaveMode.PARALLEL, Durability.FAST);
  private static final Outcome COMMITTED = Outcome.of(Outcome.Result.COMMITTED);
  private static final Outcome FAILED =
      new Outcome(Outcome.Result.FAILED, -1, -1, false, "a disk failed; nothing committed");

  private final List<Event> events = new ArrayList<>();
  private long nanos;

  private CheckerTest open(int ranks, Setup setup) {
    events.add(new Event.Opened(ranks, setup, List.of()));
    return this;
  }

  private static Call call(int slot, CallKind kind, long step) {
    return new Call(slot, kind, step, slot + 1, false, false);
  }

  private static Call save(int slot, long step) {
    return call(slot, CallKind.SAVE, step);
  }

  private CheckerTest begin(int rank, Call call) {
    events.add(new Event.Began(rank, call, nanos));
    return this;
  }

  private CheckerTest told(int rank, Call call, Outcome outcome) {
    events.add(new Event.Told(rank, call, outcome, nanos));
    return this;
  }

  /** All ranks make the call and are told the same. */
  private CheckerTest all(int ranks, Call call, Outcome outcome) {
    for (int rank = 0; rank < ranks; rank++) {
      begin(rank, call);
    }
    for (int rank = 0; rank < ranks; rank++) {
      told(rank, call, outcome);
    }
    return this;
  }

  private CheckerTest see(Map<Long, Contents> checkpoints) {
    events.add(new Event.Seen(checkpoints, Set.of(), true));
    return this;
  }

  private static Contents good(int stamp) {
    return new Contents(Set.of(stamp), true, true);
  }

  private void assertViolates(String beginning) {
    List<String> violations = Checker.check(events);
    assertTrue(
        violations.stream().anyMatch(violation -> violation.startsWith(beginning)),
        () -> "no " + beginning + " in " + violations);
  }

  private void assertFine() {
    assertEquals(List.of(), Checker.check(events));
  }

  @Test
  void nothingIsWrongWithSavesThatAreThere() {
    open(2, DURABLE).all(2, save(0, 1), COMMITTED).all(2, save(1, 2), COMMITTED);
    see(Map.of(1L, good(1), 2L, good(2))).assertFine();
  }

  @Test
  void mixtureThatVerifiesViolatesA() {
    open(2, DURABLE).begin(0, save(0, 1)).begin(1, save(1, 1));
    see(Map.of(1L, new Contents(Set.of(1, 2), true, true))).assertViolates("(a)");
  }

  @Test
  void mixtureThatVerificationFindsViolatesNothing() {
    open(2, DURABLE).begin(0, save(0, 1)).begin(1, save(0, 1));
    see(Map.of(1L, new Contents(Set.of(1, 2), true, false)));
    assertEquals(
        List.of(), Checker.check(events).stream().filter(v -> v.startsWith("(a)")).toList());
  }

  @Test
  void saveOfAnotherStepUnderTheNameViolatesA() {
    open(1, DURABLE).all(1, save(0, 1), COMMITTED);
    see(Map.of(1L, good(1), 2L, good(1))).assertViolates("(a)");
  }

  @Test
  void mixtureThatIsRestoredViolatesA() {
    Outcome mixed = new Outcome(Outcome.Result.MIXED, 1, -1, false, "stamps [1, 2]");
    open(1, DURABLE).all(1, call(0, CallKind.RESTORE, 0), mixed).assertViolates("(a)");
  }

  @Test
  void ranksThatRestoreDifferentSavesViolateA() {
    Call restore = call(0, CallKind.RESTORE, 0);
    open(2, DURABLE).begin(0, restore).begin(1, restore);
    told(0, restore, new Outcome(Outcome.Result.RESTORED, 1, 1, false, ""));
    told(1, restore, new Outcome(Outcome.Result.RESTORED, 1, 2, false, ""));
    assertViolates("(a)");
  }

  @Test
  void committedCheckpointThatIsGoneViolatesB() {
    open(1, DURABLE).all(1, save(0, 1), COMMITTED).see(Map.of()).assertViolates("(b)");
  }

  @Test
  void committedCheckpointThatDoesNotVerifyViolatesB() {
    open(1, DURABLE).all(1, save(0, 1), COMMITTED);
    see(Map.of(1L, new Contents(Set.of(1), true, false))).assertViolates("(b)");
  }

  @Test
  void committedCheckpointThatIsAnOlderSaveViolatesB() {
    open(1, DURABLE).all(1, save(0, 1), COMMITTED).see(Map.of(1L, good(1)));
    all(1, save(1, 1), COMMITTED).see(Map.of(1L, good(1))).assertViolates("(b)");
  }

  @Test
  void durableCheckpointThatAPowerCutTakesViolatesB() {
    open(1, DURABLE).all(1, save(0, 1), COMMITTED).see(Map.of(1L, good(1)));
    events.add(new Event.PowerCut());
    see(Map.of()).assertViolates("(b)");
  }

  @Test
  void fastCheckpointMayBeTakenByAPowerCut() {
    open(1, FAST).all(1, save(0, 1), COMMITTED).see(Map.of(1L, good(1)));
    events.add(new Event.PowerCut());
    see(Map.of()).assertFine();
  }

  @Test
  void checkpointThatIsBeingReplacedMayBeHiddenButNotForEver() {
    open(1, DURABLE).all(1, save(0, 1), COMMITTED);
    events.add(new Event.Seen(Map.of(), Set.of(1L), false));
    assertFine();
    events.add(new Event.Seen(Map.of(), Set.of(1L), true));
    assertViolates("(b)");
  }

  @Test
  void retentionMayTakeWhatIsSurplus() {
    open(1, DURABLE.withKeepLast(1)).all(1, save(0, 1), COMMITTED).all(1, save(1, 2), COMMITTED);
    see(Map.of(2L, good(2))).assertFine();
  }

  @Test
  void retentionThatTakesTooMuchViolatesB() {
    open(1, DURABLE.withKeepLast(2)).all(1, save(0, 1), COMMITTED).all(1, save(1, 2), COMMITTED);
    see(Map.of(2L, good(2))).assertViolates("(b)");
  }

  @Test
  void searchThatMissesTheNewestViolatesB() {
    open(1, DURABLE).all(1, save(0, 1), COMMITTED).all(1, save(1, 2), COMMITTED);
    all(1, call(2, CallKind.LATEST, 0), Outcome.found(1)).assertViolates("(b)");
  }

  @Test
  void ranksThatAreToldDifferentThingsViolateC() {
    open(2, DURABLE).begin(0, save(0, 1)).begin(1, save(0, 1));
    told(0, save(0, 1), COMMITTED).told(1, save(0, 1), FAILED).assertViolates("(c)");
  }

  @Test
  void failedSaveThatIsThereViolatesC() {
    open(1, DURABLE).begin(0, save(0, 1));
    events.add(new Event.Struck(FaultKind.RENAME_FAILS, 0, 0, 0));
    told(0, save(0, 1), FAILED).see(Map.of(1L, good(1))).assertViolates("(c)");
  }

  @Test
  void rankMayBeToldThatItCannotBeKnown() {
    Outcome unknown = new Outcome(Outcome.Result.UNKNOWN, -1, -1, true, "rank 0 died");
    open(2, DURABLE).begin(0, save(0, 1)).begin(1, save(0, 1));
    events.add(new Event.Struck(FaultKind.RANK_DIES, 0, 0, 0));
    events.add(new Event.Died(0));
    told(1, save(0, 1), unknown).see(Map.of(1L, good(1))).assertFine();
  }

  @Test
  void differentCallsThatAreCommittedViolateC() {
    open(2, DURABLE).begin(0, save(0, 1)).begin(1, new Call(0, CallKind.SAVE, 2, 99, false, false));
    told(0, save(0, 1), COMMITTED).assertViolates("(c)");
  }

  @Test
  void ranksThatFindDifferentCheckpointsViolateC() {
    Call latest = call(0, CallKind.LATEST, 0);
    open(2, DURABLE).begin(0, latest).begin(1, latest);
    told(0, latest, Outcome.found(1)).told(1, latest, Outcome.found(2)).assertViolates("(c)");
  }

  @Test
  void callThatOutlivesItsTimeoutViolatesD() {
    open(1, DURABLE).begin(0, save(0, 1));
    nanos += 60_000_000_000L;
    told(0, save(0, 1), FAILED).assertViolates("(d)");
  }

  @Test
  void callMayTakeAsLongAsTheDiskIsLate() {
    open(1, DURABLE).begin(0, save(0, 1));
    events.add(new Event.Struck(FaultKind.WRITE_LATE, 0, 0, 45_000_000_000L));
    nanos += 60_000_000_000L;
    told(0, save(0, 1), COMMITTED).see(Map.of(1L, good(1))).assertFine();
  }

  @Test
  void anythingLeftViolatesE() {
    open(1, DURABLE).all(1, save(0, 1), COMMITTED).see(Map.of(1L, good(1)));
    events.add(new Event.Closed(1, 0, 0, List.of()));
    assertViolates("(e)");
  }

  @Test
  void openFileViolatesE() {
    open(1, DURABLE);
    events.add(new Event.Closed(0, 1, 0, List.of()));
    assertViolates("(e)");
  }

  @Test
  void memoryThatIsKeptViolatesE() {
    open(1, DURABLE);
    events.add(new Event.Closed(0, 0, 1, List.of()));
    assertViolates("(e)");
  }

  @Test
  void temporaryFolderViolatesE() {
    open(1, DURABLE);
    events.add(new Event.Closed(0, 0, 0, List.of(".step_1.tmp-12")));
    assertViolates("(e)");
  }

  @Test
  void temporaryFolderOfAProcessThatDiedViolatesNothing() {
    open(1, DURABLE);
    events.add(new Event.Died(0));
    events.add(new Event.Closed(0, 0, 0, List.of(".step_1.tmp-12")));
    assertFine();
  }

  @Test
  void saveAfterAFailureThatFailsTooViolatesF() {
    open(1, DURABLE).begin(0, save(0, 1));
    events.add(new Event.Struck(FaultKind.WRITE_FAILS, 0, 0, 0));
    told(0, save(0, 1), FAILED).all(1, save(1, 2), FAILED).assertViolates("(f)");
  }

  @Test
  void callThatNobodyIsToldOfViolatesF() {
    open(1, DURABLE).begin(0, save(0, 1)).assertViolates("(f)");
  }

  @Test
  void firstCallAfterAFailureInTheBackgroundMayTellIt() {
    Call async = call(0, CallKind.SAVE_ASYNC, 1);
    open(1, DURABLE).begin(0, async);
    events.add(new Event.Struck(FaultKind.WRITE_FAILS, 0, 0, 0));
    told(0, async, Outcome.of(Outcome.Result.BEGUN)).all(1, save(1, 2), FAILED);
    all(1, save(2, 3), COMMITTED).see(Map.of(3L, good(3))).assertFine();
  }
}
