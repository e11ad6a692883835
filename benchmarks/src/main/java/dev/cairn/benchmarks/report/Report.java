package dev.cairn.benchmarks.report;

import dev.cairn.benchmarks.machine.Settings;
import dev.cairn.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Makes {@code results.md}, the charts and a page's table of goals from {@code results.json}. */
public final class Report {
  private static final Path PAGE = Path.of("src/site/markdown/benchmarks.md");
  private static final String BEGIN =
      "<!-- goals: benchmarks/run.sh writes what is between these lines -->\n";
  private static final String END = "<!-- end of goals -->\n";

  private final Path folder;
  private final StringBuilder text = new StringBuilder();
  private String goals = "";

  private Report(Path folder) {
    this.folder = folder;
  }

  /** Writes the report again for the folder of results, and the table of goals for a checkout. */
  public static void main(String[] arguments) throws IOException {
    write(Path.of(arguments[0]), Path.of(arguments[1]));
  }

  /** Writes the report beside the results; those of the checkout also go into its page. */
  public static void write(Path folder, Path checkout) throws IOException {
    Report report = new Report(folder);
    report.write();
    Path own = checkout.resolve(Settings.DEFAULT_RESULTS);
    if (folder.toAbsolutePath().normalize().equals(own.toAbsolutePath().normalize())) {
      report.writePage(checkout.resolve(PAGE));
    }
  }

  private void writePage(Path page) throws IOException {
    String old = Files.readString(page);
    int begin = old.indexOf(BEGIN) + BEGIN.length();
    int end = old.indexOf(END, begin);
    if (begin < BEGIN.length() || end < 0) {
      throw new IOException("no place for the goals: " + page);
    }
    Files.writeString(page, old.substring(0, begin) + "\n" + goals + "\n" + old.substring(end));
  }

  private void write() throws IOException {
    Tree results = Tree.of(Json.parseObject(Files.readAllBytes(folder.resolve("results.json"))));
    Map<String, Tree> works = new LinkedHashMap<>();
    results.tree("works").values().forEach((name, work) -> works.put(name, Tree.of(work)));
    text.append("# Benchmarks\n\n");
    results.tree("machine").values().forEach((name, value) -> line("- %s: %s", name, value));
    works.values().stream()
        .map(work -> work.text("command"))
        .distinct()
        .forEach(command -> line("- command: `%s`", command.strip()));
    line("- in each round every candidate runs once; raw numbers: [results.json](results.json)");
    writeGoals(works);
    for (Map.Entry<String, Tree> work : works.entrySet()) {
      write(work.getKey(), work.getValue());
    }
    Files.writeString(folder.resolve("results.md"), text);
  }

  private void writeGoals(Map<String, Tree> works) throws IOException {
    line("%n## Goals%n");
    line("Speeds are ratios: of the medians, and the median of the ratios within a round.%n");
    int begin = text.length();
    line("| work | what | goal | of medians | median of rounds | reached |");
    line("|---|---|---|---|---|---|");
    for (Map.Entry<String, Tree> work : works.entrySet()) {
      for (Tree goal : work.getValue().trees("goals")) {
        goal(work.getKey(), goal);
      }
    }
    goals = text.substring(begin);
    line("%n![how far each goal is reached](goals.svg)");
    new Chart(folder).goals(works);
  }

  private void goal(String work, Tree goal) {
    boolean isMeasured = goal.values().containsKey("ofMedians");
    line(
        "| %s | %s | %s | %s | %s | %s |",
        work,
        goal.text("text"),
        limit(goal),
        isMeasured ? number(goal.number("ofMedians")) : "",
        isMeasured ? number(goal.number("medianOfRounds")) : "",
        isMeasured ? reached(goal) : "not measured");
  }

  private static String limit(Tree goal) {
    return switch (Goal.Direction.valueOf(goal.text("direction"))) {
      case AT_LEAST -> "≥ " + number(goal.number("limit"));
      case AT_MOST -> "≤ " + number(goal.number("limit"));
      case TOLD -> "";
    };
  }

  private static String reached(Tree goal) {
    if (goal.text("direction").equals(Goal.Direction.TOLD.name())) {
      return "";
    }
    boolean isReached = Boolean.parseBoolean(goal.text("isReached"));
    boolean isReachedInRounds = Boolean.parseBoolean(goal.text("isReachedInRounds"));
    if (isReached != isReachedInRounds) {
      return isReached ? "yes, not in the rounds" : "no, but in the rounds";
    }
    return isReached ? "yes" : "**no**";
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, Math.abs(value) >= 10 ? "%.1f" : "%.3g", value);
  }

  private void write(String name, Tree work) throws IOException {
    line("%n## %s: %s%n", name, work.text("title"));
    line("%s rounds.%n", work.text("rounds"));
    line("| candidate | median s | fastest | slowest | GB/s | MiB | |");
    line("|---|---|---|---|---|---|---|");
    work.tree("candidates").values().forEach((candidate, one) -> row(candidate, Tree.of(one)));
    line("%n![%s](%s.svg)", work.text("title"), name);
    new Chart(folder).work(name, work);
  }

  private void row(String candidate, Tree one) {
    List<Double> seconds = one.numbers("seconds");
    double median = Statistics.median(seconds);
    long lengthBytes = one.wholeNumber("lengthBytes");
    line(
        "| %s | %.4f | %.4f | %.4f | %s | %s | %s |",
        candidate,
        median,
        Statistics.smallest(seconds),
        Statistics.largest(seconds),
        lengthBytes == 0 ? "" : String.format(Locale.ROOT, "%.2f", lengthBytes / median / 1e9),
        one.values().containsKey("memoryBytes") ? one.wholeNumber("memoryBytes") >> 20 : "",
        remarks(one));
  }

  private static String remarks(Tree one) {
    List<String> remarks = new ArrayList<>();
    if (one.values().containsKey("files")) {
      remarks.add("files: " + one.text("files"));
    }
    if (one.values().containsKey("sentBytes")) {
      remarks.add(String.format(Locale.ROOT, "sent: %.1f MB", one.wholeNumber("sentBytes") / 1e6));
    }
    if (one.values().containsKey("note")) {
      remarks.add(one.text("note"));
    }
    return String.join("; ", remarks);
  }

  private void line(String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}
