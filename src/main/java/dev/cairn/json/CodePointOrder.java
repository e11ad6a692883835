package dev.cairn.json;

import java.util.Comparator;

/**
 * Orders strings by code point, which is the order of their UTF-8 bytes, of Rust's strings and of
 * Python's. Java's own order differs: it puts a surrogate pair before U+E000.
 *
 * <p>Pure; any thread.
 */
public enum CodePointOrder implements Comparator<String> {
  /** The one order. */
  INSTANCE;

  @Override
  public int compare(String left, String right) {
    int shared = Math.min(left.length(), right.length());
    for (int i = 0; i < shared; i++) {
      char l = left.charAt(i);
      char r = right.charAt(i);
      if (l != r) {
        return Integer.compare(rank(l), rank(r));
      }
    }
    return Integer.compare(left.length(), right.length());
  }

  /** Moves the surrogates, which stand for code points from U+10000 on, behind U+FFFF. */
  private static int rank(char unit) {
    return Character.isSurrogate(unit) ? unit + 0x10000 : unit;
  }
}
