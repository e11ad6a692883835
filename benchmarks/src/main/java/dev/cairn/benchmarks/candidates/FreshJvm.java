package dev.cairn.benchmarks.candidates;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A program in Java that does its work once, in a JVM in which nothing is warm: every run starts
 * another.
 *
 * @param command what to start; answers as {@link Processes} says
 */
public record FreshJvm(List<String> command) implements Candidate {
  @Override
  public Measured run(Path target) throws IOException {
    try (Processes process = new Processes(command, List.of(Map.of()))) {
      return process.run(target.toString());
    }
  }

  @Override
  public int uncounted(int asked) {
    return Math.min(1, asked); // nothing of a process stays warm but its files
  }
}
