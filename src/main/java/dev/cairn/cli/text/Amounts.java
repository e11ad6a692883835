package dev.cairn.cli.text;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers as people write them: decimal units, as transformers counts. */
public final class Amounts {
  private static final Pattern COUNT = Pattern.compile("(\\d+(?:\\.\\d+)?)([KMBT]?)");
  private static final String UNITS = "KMGTPE";

  private Amounts() {}

  /**
   * Returns the count that {@code 124M}, {@code 1.5B} or {@code 4096} stands for.
   *
   * @throws IllegalArgumentException if the text is none, or the count is below 1 or past a long
   */
  public static long parseCount(String text) {
    Matcher matcher = COUNT.matcher(text.toUpperCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw notACount(text);
    }
    int thousands = " KMBT".indexOf((matcher.group(2) + " ").charAt(0));
    int exponent = 3 * Math.max(0, thousands);
    BigDecimal count = new BigDecimal(matcher.group(1)).scaleByPowerOfTen(exponent);
    if (count.compareTo(BigDecimal.ONE) < 0
        || count.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
      throw notACount(text);
    }
    return count.longValue();
  }

  private static IllegalArgumentException notACount(String text) {
    return new IllegalArgumentException(
        "not a count: value=" + text + ", expected a number like 124M, 1.5B or 4096");
  }

  /** Returns bytes with three digits and a decimal unit: {@code 248 MB}. */
  public static String bytes(long bytes) {
    if (bytes < 1000) {
      return bytes + " B";
    }
    double value = bytes;
    int unit = -1;
    while (value >= 999.5) {
      value /= 1000;
      unit++;
    }
    int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return String.format(Locale.ROOT, "%." + digits + "f %cB", value, UNITS.charAt(unit));
  }
}
