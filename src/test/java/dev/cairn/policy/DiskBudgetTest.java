package dev.cairn.policy;

import static dev.cairn.policy.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DiskBudgetTest {
  private static final OptionalLong NONE = OptionalLong.empty();

  private static OptionalLong some(long value) {
    return OptionalLong.of(value);
  }

  @ParameterizedTest
  @CsvSource({"1, 10, 100", "10, 10, 10", "11, 10, 10", "3, 10, 40", "100, 10, 10"})
  void allCheckpointsAreKeptUnlessSaidOtherwise(long interval, long total, long peak) {
    assertEquals(some(peak), new DiskBudget(some(10), NONE, NONE).peakBytes(interval, some(total)));
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 100, 20", "3, 1, 100, 40", "3, 50, 100, 20", "3, 100, 100, 10"})
  void newCheckpointIsThereBeforeAnOldOneGoes(long keep, long interval, long total, long peak) {
    assertEquals(
        some(peak), new DiskBudget(some(10), NONE, some(keep)).peakBytes(interval, some(total)));
  }

  @Test
  void openRunThatKeepsTheLastHasAPeak() {
    assertEquals(some(40), new DiskBudget(some(10), NONE, some(3)).peakBytes(5, NONE));
  }

  @Test
  void unknownSizeHasNoPeak() {
    assertEquals(NONE, new DiskBudget(NONE, some(100), NONE).peakBytes(5, some(100)));
    assertEquals(NONE, new DiskBudget(NONE, some(100), NONE).slots());
  }

  @Test
  void slotsAreWhatFits() {
    assertEquals(some(3), new DiskBudget(some(10), some(39), NONE).slots());
  }

  @Test
  void budgetBelowOneCheckpointIsRefused() {
    assertRefused(
        "disk budget too small: budgetBytes=9, expected at least one checkpoint of 10 bytes",
        () -> new DiskBudget(some(10), some(9), NONE));
  }

  @Test
  void budgetWithoutRoomForTheNewCheckpointIsRefused() {
    assertRefused(
        "disk budget too small: budgetBytes=39, expected room for keepLast=3 checkpoints of 10"
            + " bytes and the one that is being written; keep at most 2",
        () -> new DiskBudget(some(10), some(39), some(3)));
    assertRefused(
        "disk budget too small: budgetBytes=19, expected room for keepLast=1 checkpoints of 10"
            + " bytes and the one that is being written; give more room",
        () -> new DiskBudget(some(10), some(19), some(1)));
  }

  @Test
  void sizesBelowOneAreRefused() {
    assertRefused(
        "value out of range: checkpointBytes=0, expected 1 or more",
        () -> new DiskBudget(some(0), NONE, NONE));
    assertRefused(
        "value out of range: budgetBytes=-1, expected 1 or more",
        () -> new DiskBudget(NONE, some(-1), NONE));
    assertRefused(
        "value out of range: keepLast=0, expected 1 or more",
        () -> new DiskBudget(NONE, NONE, some(0)));
  }

  @Test
  void moreBytesThanALongHoldsAreRefused() {
    DiskBudget disk = new DiskBudget(some(1L << 60), NONE, NONE);
    assertRefused(
        "checkpoints too large: checkpoints=8, expected together below 2^63 bytes,"
            + " 1152921504606846976 each; keep fewer",
        () -> disk.peakBytes(1, some(8)));
  }
}
