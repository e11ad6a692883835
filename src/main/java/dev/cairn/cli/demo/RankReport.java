package dev.cairn.cli.demo;

import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SavePhase;
import dev.cairn.options.SaveReport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What one process of a demo measured.
 *
 * @param rank which one
 * @param mode who wrote, as the save decided
 * @param bytes all bytes of the safetensors files, the same on every rank
 * @param seconds how long the save call took here
 * @param peakRssBytes largest resident memory during the save
 * @param rssGrowthBytes that, less the resident memory just before
 * @param phaseSeconds what each phase of the save took here, by its name in lower case
 */
record RankReport(
    int rank,
    SaveMode mode,
    long bytes,
    double seconds,
    long peakRssBytes,
    long rssGrowthBytes,
    Map<String, Double> phaseSeconds) {

  /** {@return the phases of a save as they are reported} */
  static Map<String, Double> phaseSeconds(SaveReport report) {
    Map<String, Double> seconds = new LinkedHashMap<>();
    for (SavePhase phase : SavePhase.values()) {
      Long nanos = report.nanos().get(phase);
      if (nanos != null) {
        seconds.put(phase.name().toLowerCase(Locale.ROOT), nanos / 1e9);
      }
    }
    return seconds;
  }

  /** Returns the report as one line. */
  String toJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("rank", rank);
    json.put("mode", mode.name());
    json.put("bytes", bytes);
    json.put("seconds", seconds);
    json.put("peakRssBytes", peakRssBytes);
    json.put("rssGrowthBytes", rssGrowthBytes);
    json.put("phaseSeconds", phaseSeconds);
    return new String(Json.compact(json), StandardCharsets.UTF_8);
  }

  /** Returns the report that {@link #toJson} wrote. */
  static RankReport parse(Map<String, Object> json) throws IOException {
    return new RankReport(
        Math.toIntExact(number(json, "rank").longValue()),
        SaveMode.valueOf((String) json.get("mode")),
        number(json, "bytes").longValue(),
        number(json, "seconds").doubleValue(),
        number(json, "peakRssBytes").longValue(),
        number(json, "rssGrowthBytes").longValue(),
        phases(json));
  }

  private static Map<String, Double> phases(Map<String, Object> json) {
    Map<String, Double> seconds = new LinkedHashMap<>();
    if (json.get("phaseSeconds") instanceof Map<?, ?> phases) {
      for (Map.Entry<?, ?> phase : phases.entrySet()) {
        if (phase.getValue() instanceof JsonNumber number) {
          seconds.put(phase.getKey().toString(), number.doubleValue());
        }
      }
    }
    return seconds;
  }

  private static JsonNumber number(Map<String, Object> json, String key) throws IOException {
    if (json.get(key) instanceof JsonNumber number) {
      return number;
    }
    throw new IOException("rank's report lacks a number: key=" + key);
  }
}
