package dev.cairn.cli.text;

/** How log lines look in a command's stderr: one line each, without a date. */
public final class OneLineLog {
  private static final String KEY = "java.util.logging.SimpleFormatter.format";
  private static final String FORMAT = "cairn: %5$s%n";

  private OneLineLog() {}

  /** Makes this process log so, unless its user chose another form. */
  public static void use() {
    if (System.getProperty(KEY) == null) {
      System.setProperty(KEY, FORMAT);
    }
  }

  /** Returns the option that makes another JVM log so. */
  public static String property() {
    return "-D" + KEY + "=" + FORMAT;
  }
}
