package dev.cairn.comm.gloo;

/** What the binding throws: without a type, and with the stack of native code in its message. */
public final class NativeErrors {
  private NativeErrors() {}

  /** Returns what went wrong, in one line. */
  public static String firstLine(Throwable thrown) {
    String text = thrown.getMessage() == null ? thrown.toString() : thrown.getMessage();
    return text.lines().findFirst().orElse("").trim();
  }
}
