package dev.cairn.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class StridedRangeTest {
  @Test
  void runsWithoutAGapAreOne() {
    assertEquals(new StridedRange(3, 8, 1, 8), new StridedRange(3, 2, 4, 2));
    assertFalse(new StridedRange(3, 8, 1, 100).isStrided());
    assertTrue(new StridedRange(3, 2, 4, 5).isStrided());
  }

  @Test
  void runsThatOverlapAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new StridedRange(0, 3, 2, 2));
    assertThrows(IllegalArgumentException.class, () -> new StridedRange(-1, 1, 1, 1));
    assertThrows(IllegalArgumentException.class, () -> new StridedRange(0, 0, 1, 1));
  }

  @Test
  void textSaysHowManyRuns() {
    assertEquals("[4,6)", new StridedRange(4, 2, 1, 2).toString());
    assertEquals("3 times [4,6) every 5", new StridedRange(4, 2, 3, 5).toString());
  }

  static List<Long> elements(List<StridedRange> runs) {
    List<Long> elements = new ArrayList<>();
    for (ElementRange range : new SingleRuns(runs)) {
      for (long element = range.begin(); element < range.end(); element++) {
        elements.add(element);
      }
    }
    return elements;
  }

  @Property
  void partsAndCountsAreThoseOfItsElements(
      @ForAll @IntRange(min = 0, max = 5) int begin,
      @ForAll @IntRange(min = 1, max = 5) int runElements,
      @ForAll @IntRange(min = 1, max = 5) int count,
      @ForAll @IntRange(min = 0, max = 4) int gap,
      @ForAll @IntRange(min = 0, max = 60) int one,
      @ForAll @IntRange(min = 0, max = 60) int other) {
    StridedRange range = new StridedRange(begin, runElements, count, runElements + gap);
    List<Long> elements = elements(List.of(range));
    assertEquals(elements.size(), range.elements());
    assertEquals(elements.get(elements.size() - 1) + 1, range.end());
    assertEquals(elements.stream().filter(element -> element < one).count(), range.before(one));
    int first = Math.min(Math.min(one, other), elements.size());
    int end = Math.min(Math.max(one, other), elements.size());
    List<StridedRange> parts = range.part(first, end);
    assertEquals(elements.subList(first, end), elements(parts));
    assertTrue(parts.size() <= 3, parts.toString());
  }
}
