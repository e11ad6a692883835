package dev.cairn.comm.control;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * A run of all its ranks, as its launcher tells it from every other one that may have been sent to
 * the same place.
 *
 * @param id variables and their values, the same on every rank; empty if nobody tells
 */
public record Run(String id) {
  /** What a run is that nobody has named: two of them cannot be told apart. */
  public static final Run UNKNOWN = new Run("");

  public static final int MAX_ID_BYTES = 512;

  public Run {
    id = id.replaceAll("[^\\x21-\\x7e ]", "_");
    if (id.length() > MAX_ID_BYTES) {
      String rest = "..." + digest(id);
      id = id.substring(0, MAX_ID_BYTES - rest.length()) + rest;
    }
  }

  /** Returns what makes the name of a key or file this run's own; nothing without an id. */
  public String suffix() {
    return id.isEmpty() ? "" : "-" + digest(id);
  }

  private static String digest(String text) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return "%08x%08x".formatted(crc.getValue(), text.hashCode());
  }

  @Override
  public String toString() {
    return id.isEmpty() ? "a run without an id" : "run " + id;
  }
}
