package dev.cairn.benchmarks;

import dev.cairn.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Makes {@code results.md} and the charts from {@code results.json}. */
public final class Report {
  private final Path folder;
  private final StringBuilder text = new StringBuilder();

  private Report(Path folder) {
    this.folder = folder;
  }

  /** Writes the report again for the folder of results that is given. */
  public static void main(String[] arguments) throws IOException {
    write(Path.of(arguments[0]));
  }

  /** Writes the report beside the results. */
  static void write(Path folder) throws IOException {
    new Report(folder).write();
  }

  private void write() throws IOException {
    Tree results = Tree.of(Json.parseObject(Files.readAllBytes(folder.resolve("results.json"))));
    text.append("# Benchmarks\n\n");
    results.tree("machine").values().forEach((name, value) -> line("- %s: %s", name, value));
    line("- command: `%s`", results.text("command"));
    line("- medians of %s rounds; in each, every candidate runs once", results.text("rounds"));
    for (Map.Entry<String, Object> work : results.tree("works").values().entrySet()) {
      write(work.getKey(), Tree.of(work.getValue()));
    }
    Files.writeString(folder.resolve("results.md"), text);
  }

  private void write(String name, Tree work) throws IOException {
    line("%n## %s%n", work.text("title"));
    long lengthBytes = work.wholeNumber("lengthBytes");
    line("| candidate | median s | fastest | slowest | GB/s | memory MiB |");
    line("|---|---|---|---|---|---|");
    work.tree("candidates")
        .values()
        .forEach((candidate, one) -> row(candidate, Tree.of(one), lengthBytes));
    line("%n![%s](%s.svg)%n", work.text("title"), name);
    new Chart(work).write(folder.resolve(name + ".svg"));
    List<Tree> goals = work.trees("goals");
    if (!goals.isEmpty()) {
      line("| goal: speed of | of | times | reached |");
      line("|---|---|---|---|");
    }
    for (Tree goal : goals) {
      line(
          "| %s | %s | %s | %.2f |",
          goal.text("candidate"),
          String.join(" and ", goal.texts("bounds")),
          goal.text("ratio"),
          goal.number("reached"));
    }
  }

  private void row(String candidate, Tree one, long lengthBytes) {
    List<Double> seconds = one.numbers("seconds");
    double median = Statistics.median(seconds);
    line(
        "| %s | %.3f | %.3f | %.3f | %s | %s |",
        candidate,
        median,
        Statistics.smallest(seconds),
        Statistics.largest(seconds),
        lengthBytes == 0 ? "" : String.format(Locale.ROOT, "%.2f", lengthBytes / median / 1e9),
        one.values().containsKey("memoryBytes") ? one.wholeNumber("memoryBytes") >> 20 : "");
  }

  private void line(String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}
