package dev.cairn.hf.generation;

import dev.cairn.json.Json;
import java.nio.charset.StandardCharsets;

/**
 * A setting for which transformers refuses to save a generation config.
 *
 * @param field the setting's name
 * @param value what it is set to, as JSON holds it
 * @param expected what would be saved
 */
record GenerationProblem(String field, Object value, String expected) {
  @Override
  public String toString() {
    String json = new String(Json.compact(value), StandardCharsets.UTF_8);
    return "%s=%s, expected %s".formatted(field, json, expected);
  }
}
