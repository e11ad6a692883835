package dev.cairn.cli.demo;

import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Why a process of a demo failed.
 *
 * @param error one line
 * @param exitCode the status that the whole demo ends with
 */
record RankFailure(String error, int exitCode) {
  private static final String ERROR = "error";
  private static final String EXIT_CODE = "exitCode";

  /** Returns the failure as one line. */
  String toJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put(ERROR, error);
    json.put(EXIT_CODE, exitCode);
    return new String(Json.compact(json), StandardCharsets.UTF_8);
  }

  /** Returns the failure in a rank's last line, if that is what the line says. */
  static Optional<RankFailure> in(Map<String, Object> line) {
    return line.get(ERROR) instanceof String error
            && line.get(EXIT_CODE) instanceof JsonNumber exitCode
        ? Optional.of(new RankFailure(error, (int) exitCode.longValue()))
        : Optional.empty();
  }
}
