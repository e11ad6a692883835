package dev.cairn.benchmarks.candidates;

import java.nio.file.Path;

/**
 * A peer that is not installed: what it took on a machine of this kind when it was measured.
 *
 * @param seconds that it took
 * @param note which version, when, on what
 */
public record RecordedPeer(double seconds, String note) implements Candidate {
  @Override
  public Measured run(Path target) {
    return Measured.of(seconds);
  }

  @Override
  public int uncounted(int asked) {
    return 0;
  }
}
