package dev.cairn.cli.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.cli.plan.Durations;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumbersTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1e-12, 0",
    "0.00012345, 0.000123",
    "1, 1",
    "36.5, 36.5",
    "99.96, 100",
    "999.6, 1000",
    "1234.5, 1234",
    "2332800, 2332800"
  })
  void numbersHaveThreeDigitsOrAllBeforeThePoint(double value, String text) {
    assertEquals(text, Numbers.digits(value));
  }

  @Test
  void partsAreInPercent() {
    assertEquals("2.31 %", Numbers.percent(0.02314));
  }

  @Test
  void oneStepIsNotSeveral() {
    assertEquals("1 step", Numbers.steps(1));
    assertEquals("0.5 steps", Numbers.steps(0.5));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 s",
    "0.3512, 0.351 s",
    "119.4, 119 s",
    "120, 2 min",
    "147.2, 2 min 27 s",
    "7199.9, 120 min",
    "19200, 5 h 20 min",
    "4665600, 54 d",
    "4669200, 54 d 1 h",
    "1e300, 1.16e+295 d"
  })
  void durationsHaveTwoUnits(double seconds, String text) {
    assertEquals(text, Durations.words(seconds));
  }

  @Test
  void columnsStandBelowEachOther() {
    assertEquals(
        List.of("a     long   x", "bcd   s"),
        TextColumns.align(List.of(List.of("a", "long", "x"), List.of("bcd", "s", ""))));
  }
}
