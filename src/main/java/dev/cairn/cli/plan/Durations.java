package dev.cairn.cli.plan;

import dev.cairn.cli.text.Numbers;
import java.util.Locale;

/** Times as people read them: the two largest units, or a few digits of a second. */
public final class Durations {
  private static final double MINUTE = 60;
  private static final double HOUR = 3600;
  private static final double DAY = 86_400;
  private static final double LONGEST_DAYS = 1e6;

  private Durations() {}

  /**
   * Returns {@code 0.35 s}, {@code 93.2 s}, {@code 35 min 3 s}, {@code 5 h 20 min}, {@code 54 d}.
   */
  public static String words(double seconds) {
    if (seconds < 2 * MINUTE) {
      return Numbers.digits(seconds) + " s";
    }
    if (seconds < 2 * HOUR) {
      return pair(seconds, MINUTE, "min", 1, "s");
    }
    if (seconds < 2 * DAY) {
      return pair(seconds, HOUR, "h", MINUTE, "min");
    }
    return seconds < LONGEST_DAYS * DAY
        ? pair(seconds, DAY, "d", HOUR, "h")
        : String.format(Locale.ROOT, "%.2e d", seconds / DAY);
  }

  private static String pair(
      double seconds, double large, String largeUnit, double small, String smallUnit) {
    long smalls = Math.round(seconds / small);
    long perLarge = Math.round(large / small);
    String whole = smalls / perLarge + " " + largeUnit;
    return smalls % perLarge == 0 ? whole : whole + " " + smalls % perLarge + " " + smallUnit;
  }
}
