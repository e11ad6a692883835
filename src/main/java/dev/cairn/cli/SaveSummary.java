package dev.cairn.cli;

import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.text.Amounts;
import dev.cairn.cli.text.Messages;
import dev.cairn.cli.text.ProcessMemory;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a command that has made one folder says of it. */
final class SaveSummary {
  private SaveSummary() {}

  /** Prints bytes, seconds and peak memory, and what a save that was not durable outlives. */
  static void print(
      OutputOptions speech, Path output, SaveReport report, double seconds, Durability durability)
      throws IOException {
    if (speech.isJson()) {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("output", output.toString());
      json.put("seconds", seconds);
      json.put("bytes", report.lengthBytes());
      json.put("peakRssBytes", ProcessMemory.peakBytes());
      speech.printJson(json);
      return;
    }
    speech
        .out()
        .printf(
            "%s: %s in %.3f s, %s/s, peak memory %s%s%n",
            Messages.printable(output.toString()),
            Amounts.bytes(report.lengthBytes()),
            seconds,
            Amounts.bytes((long) (report.lengthBytes() / seconds)),
            Amounts.bytes(ProcessMemory.peakBytes()),
            durability.isForced()
                ? ""
                : " (fast: outlives the death of processes, not a power cut; --durable for that)");
    speech.out().flush();
  }
}
