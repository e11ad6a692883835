package dev.cairn.benchmarks.candidates;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A command measured from its start to its end, with its peak memory as the kernel counts it. */
public final class Program implements Candidate {
  private static final String TARGET = "{}";
  private static final String TIME = "/usr/bin/time";

  private final List<String> command;

  /**
   * Creates a candidate.
   *
   * @param command with {@code {}} where the target's path goes
   */
  public Program(List<String> command) {
    this.command = List.copyOf(command);
  }

  @Override
  public Measured run(Path target) throws IOException {
    Path peak = Files.createTempFile("cairn-benchmark", ".kib");
    Path said = Files.createTempFile("cairn-benchmark", ".txt");
    boolean timed = Files.isExecutable(Path.of(TIME));
    List<String> words = new ArrayList<>();
    if (timed) {
      words.addAll(List.of(TIME, "-f", "%M", "-o", peak.toString()));
    }
    command.forEach(word -> words.add(word.replace(TARGET, target.toString())));
    try {
      long start = System.nanoTime();
      Process process =
          new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(said.toFile()).start();
      int status = process.waitFor();
      double seconds = (System.nanoTime() - start) / 1e9;
      if (status != 0) {
        throw new IOException(
            "command failed: status=%d, command=%s, said: %s"
                .formatted(status, words, Files.readString(said).strip()));
      }
      long kib = timed ? Long.parseLong(Files.readString(peak).strip()) : -1;
      return new Measured(seconds, kib < 0 ? -1 : kib << 10, -1, -1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted: command=" + words, e);
    } finally {
      Files.delete(peak);
      Files.delete(said);
    }
  }

  @Override
  public int uncounted(int asked) {
    return Math.min(1, asked); // nothing of a process stays warm but its files
  }
}
