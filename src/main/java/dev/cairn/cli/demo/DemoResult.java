package dev.cairn.cli.demo;

import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.text.Amounts;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What a demo did.
 *
 * @param job what was asked for
 * @param ranks what each rank measured, in rank order
 * @param fileBytes the folder's files and their lengths, by relative path
 * @param tensors how many tensors were compared with what was to be saved
 */
record DemoResult(DemoJob job, List<RankReport> ranks, Map<String, Long> fileBytes, int tensors) {

  static DemoResult of(DemoJob job, List<RankReport> ranks, int tensors) throws IOException {
    Map<String, Long> fileBytes = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(job.target())) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        fileBytes.put(job.target().relativize(path).toString(), Files.size(path));
      }
    }
    return new DemoResult(job, ranks, fileBytes, tensors);
  }

  /** Returns what the save took on the slowest rank. */
  private double seconds() {
    return ranks.stream().mapToDouble(RankReport::seconds).max().orElseThrow();
  }

  private long bytes() {
    return ranks.get(0).bytes();
  }

  private String mode() {
    return ranks.get(0).mode().name().toLowerCase(Locale.ROOT);
  }

  private long bytesPerSecond() {
    return (long) (bytes() / Math.max(seconds(), 1e-9));
  }

  void print(OutputOptions speech) {
    if (speech.isJson()) {
      speech.printJson(json());
    } else {
      printText(speech.out());
    }
  }

  private Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("output", job.target().toString());
    json.put("mode", mode());
    json.put("durability", job.durability().name().toLowerCase(Locale.ROOT));
    json.put("bytes", bytes());
    json.put("seconds", seconds());
    json.put("bytesPerSecond", bytesPerSecond());
    json.put("tensors", tensors);
    json.put("verified", true);
    List<Object> rankList = new ArrayList<>();
    for (RankReport rank : ranks) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("rank", rank.rank());
      entry.put("seconds", rank.seconds());
      entry.put("peakRssBytes", rank.peakRssBytes());
      entry.put("rssGrowthBytes", rank.rssGrowthBytes());
      entry.put("phaseSeconds", rank.phaseSeconds());
      rankList.add(entry);
    }
    json.put("ranks", rankList);
    json.put("files", fileBytes);
    return json;
  }

  private void printText(PrintWriter out) {
    out.println(job.target());
    fileBytes.forEach((file, bytes) -> out.printf("  %-40s %10s%n", file, Amounts.bytes(bytes)));
    out.printf(
        Locale.ROOT,
        "saved %s in %.3f s: %s/s (%s, %s)%n",
        Amounts.bytes(bytes()),
        seconds(),
        Amounts.bytes(bytesPerSecond()),
        mode(),
        job.durability().isForced()
            ? "durable: outlives a power cut"
            : "fast: outlives the death of processes, not a power cut; --durable for that");
    for (RankReport rank : ranks) {
      out.printf(
          "  rank %d: peak memory %s, of which the save added %s%n",
          rank.rank(), Amounts.bytes(rank.peakRssBytes()), Amounts.bytes(rank.rssGrowthBytes()));
    }
    out.printf("verified: %d tensors hold what the ranks held%s%n", tensors, cast());
    out.flush();
  }

  private String cast() {
    return job.dtype() == null ? "" : ", cast to " + job.dtype();
  }
}
