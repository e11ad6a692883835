package dev.cairn.input;

/** Makes text from a file fit for a message: one line, not too long. */
public final class Printable {
  private static final int MAX_LENGTH = 200;

  private Printable() {}

  public static String of(String text) {
    String cut = text.length() <= MAX_LENGTH ? text : text.substring(0, MAX_LENGTH) + "…";
    return cut.replaceAll("\\p{Cntrl}", "?");
  }
}
