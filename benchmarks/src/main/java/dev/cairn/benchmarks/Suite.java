package dev.cairn.benchmarks;

import dev.cairn.benchmarks.candidates.Candidate;
import dev.cairn.benchmarks.machine.Folders;
import dev.cairn.benchmarks.machine.Machine;
import dev.cairn.benchmarks.machine.Settings;
import dev.cairn.benchmarks.machine.WarmPages;
import dev.cairn.benchmarks.report.Report;
import dev.cairn.benchmarks.report.Statistics;
import dev.cairn.benchmarks.report.Tree;
import dev.cairn.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures works: each round runs every candidate once, in turn, each after warming pages, so that
 * a machine whose speed drifts is fair to all of them.
 */
public final class Suite {
  private final Settings settings;

  private Suite(Settings settings) {
    this.settings = settings;
  }

  /** A candidate that runs, and what it was started from. */
  private record Running(Work.Start start, Candidate candidate) {}

  /** Runs the works that the arguments name and writes {@code results.json} and the report. */
  public static void main(String[] arguments) throws IOException {
    Settings settings = Settings.parse(arguments);
    Files.createDirectories(settings.results());
    Files.createDirectories(settings.scratch());
    Folders.delete(settings.scratch().resolve("run"));
    new Suite(settings).run();
  }

  private void run() throws IOException {
    Path file = settings.results().resolve("results.json");
    Map<String, Object> works = new LinkedHashMap<>();
    if (settings.keepsOthers() && Files.exists(file)) {
      works.putAll(Tree.of(Json.parseObject(Files.readAllBytes(file))).tree("works").values());
    }
    for (Work work : new Workloads(settings).wanted()) {
      System.out.println(work.name() + ": " + work.title());
      Map<String, Object> tree = new LinkedHashMap<>();
      tree.put("command", settings.command());
      tree.put("rounds", settings.rounds());
      long start = System.nanoTime();
      tree.putAll(measure(work).tree());
      System.out.printf("  (took %.0f s)%n", (System.nanoTime() - start) / 1e9);
      works.put(work.name(), tree);
      Map<String, Object> all = new LinkedHashMap<>();
      all.put("machine", Machine.describe(settings.scratch()));
      all.put("works", works);
      Files.write(file, Json.pretty(all));
    }
    Report.write(settings.results(), settings.home());
    System.out.println("results: " + settings.results().resolve("results.md"));
  }

  private Result measure(Work work) throws IOException {
    List<Running> all = new ArrayList<>();
    Result result = new Result(work);
    long warmBytes = settings.warmBytes(work.writtenBytes());
    Folders.delete(settings.input());
    Files.createDirectories(settings.input());
    try {
      work.input().make(settings.input());
      for (Work.Start start : work.starts()) {
        all.add(new Running(start, start.opening().open()));
      }
      for (int run = 0; run < settings.uncounted(); run++) {
        for (Running one : all) {
          if (run < one.candidate().uncounted(settings.uncounted())) {
            once(one.candidate(), 0); // Classes, compiled code and sockets get warm.
          }
        }
      }
      List<Running> order = new ArrayList<>(all);
      for (int round = 0; round < settings.rounds(); round++) {
        for (Running one : order) {
          Candidate.Measured measured = once(one.candidate(), warmBytes);
          System.err.printf("  %d %s: %.4f s%n", round, one.start().name(), measured.seconds());
          result.add(one.start(), one.candidate(), measured);
        }
        Collections.rotate(order, 1);
      }
    } finally {
      for (Running one : all) {
        one.candidate().close();
      }
      Folders.delete(settings.input());
    }
    say(result);
    return result;
  }

  private static void say(Result result) {
    for (String name : result.names()) {
      List<Double> seconds = result.seconds(name);
      System.out.printf(
          "  %-32s %9.4f s  (%.4f to %.4f)%n",
          name,
          Statistics.median(seconds),
          Statistics.smallest(seconds),
          Statistics.largest(seconds));
    }
  }

  private Candidate.Measured once(Candidate candidate, long warmBytes) throws IOException {
    Path folder = settings.scratch().resolve("run");
    Folders.delete(folder);
    Files.createDirectories(folder);
    WarmPages.write(folder, warmBytes);
    try {
      return candidate.run(folder.resolve("target"));
    } finally {
      Folders.delete(folder);
    }
  }
}
