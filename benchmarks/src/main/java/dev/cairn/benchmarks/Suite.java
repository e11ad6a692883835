package dev.cairn.benchmarks;

import dev.cairn.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Measures works: each round runs every candidate once, in turn, each after warming memory, so that
 * a machine whose speed drifts is fair to all of them.
 */
public final class Suite {
  private final Settings settings;

  private Suite(Settings settings) {
    this.settings = settings;
  }

  /** Runs the works that the arguments name and writes {@code results.json} and the report. */
  public static void main(String[] arguments) throws IOException {
    Settings settings = Settings.parse(arguments);
    new Suite(settings).run();
  }

  private void run() throws IOException {
    Files.createDirectories(settings.results());
    Map<String, Object> works = new LinkedHashMap<>();
    for (Work work : new Works(settings).wanted()) {
      System.out.println(work.name() + ": " + work.title());
      works.put(work.name(), measure(work).tree());
      Map<String, Object> all = new LinkedHashMap<>();
      all.put("machine", Machine.describe(settings.scratch()));
      all.put("command", settings.command());
      all.put("rounds", settings.rounds());
      all.put("works", works);
      Files.write(settings.results().resolve("results.json"), Json.pretty(all));
    }
    Report.write(settings.results());
  }

  private Result measure(Work work) throws IOException {
    List<Candidate> candidates = new ArrayList<>();
    Result result = new Result(work);
    long warmBytes = work.isWriting() ? settings.warmBytes() : 0;
    try (HeldMemory memory = new HeldMemory(warmBytes)) {
      for (Work.Start start : work.candidates()) {
        candidates.add(start.start());
      }
      for (int run = 0; run < settings.uncounted(); run++) {
        for (Candidate candidate : candidates) {
          once(candidate, 0); // Classes, compiled code and sockets get warm.
        }
      }
      memory.hold();
      List<Candidate> order = new ArrayList<>(candidates);
      for (int round = 0; round < settings.rounds(); round++) {
        for (Candidate candidate : order) {
          result.add(candidate.name(), once(candidate, warmBytes));
        }
        Collections.rotate(order, 1);
      }
    } finally {
      for (Candidate candidate : candidates) {
        candidate.close();
      }
    }
    result
        .seconds()
        .forEach(
            (name, seconds) ->
                System.out.printf(
                    "  %-28s %8.3f s  (%.3f to %.3f)%n",
                    name,
                    Statistics.median(seconds),
                    Statistics.smallest(seconds),
                    Statistics.largest(seconds)));
    return result;
  }

  private Candidate.Measured once(Candidate candidate, long warmBytes) throws IOException {
    Path folder = settings.scratch().resolve("run");
    delete(folder);
    Files.createDirectories(folder);
    WarmMemory.touch(warmBytes);
    try {
      return candidate.run(folder.resolve("target"));
    } finally {
      delete(folder);
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
