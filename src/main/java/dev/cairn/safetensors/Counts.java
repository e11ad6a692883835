package dev.cairn.safetensors;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.Arrays;

/** Reads arrays of counts: shapes and offsets, which are short. */
final class Counts {
  private Counts() {}

  /** Checks and returns the value at which the parser stands. */
  interface Element {
    long read() throws IOException;
  }

  /** Reads an array, from its first token, at which the parser stands, to its last. */
  static long[] read(JsonParser parser, Element element) throws IOException {
    long[] counts = new long[4];
    int length = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (length == counts.length) {
        counts = Arrays.copyOf(counts, 2 * length);
      }
      counts[length++] = element.read();
    }
    return Arrays.copyOf(counts, length);
  }
}
