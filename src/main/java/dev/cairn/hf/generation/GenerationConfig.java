package dev.cairn.hf.generation;

import dev.cairn.input.OwnFile;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A model's {@code generation_config.json}, which transformers would agree to save. Immutable.
 *
 * <p>Transformers loads a config of contradicting settings with a warning, but refuses to save it.
 * The same rules apply here, when the config is made: a mistake is found before training starts,
 * not at the first save.
 */
public final class GenerationConfig {
  /** The name that loaders look for. */
  public static final String FILE_NAME = "generation_config.json";

  /** The version of transformers whose rules and form these are. */
  static final String TRANSFORMERS_VERSION = "5.18.0";

  private static final String VERSION_FIELD = "transformers_version";
  private static final String FROM_MODEL = "_from_model_config";

  private final Map<String, Object> settings;

  private GenerationConfig(Map<String, Object> settings) {
    this.settings = settings;
  }

  /**
   * {@return the config of some settings}
   *
   * @param settings name to value, as JSON holds it: maps with string keys, lists, strings,
   *     booleans, null, {@link JsonNumber}, Integer, Long and Double
   * @throws IllegalArgumentException if transformers would refuse to save them; names every bad
   *     field
   */
  public static GenerationConfig of(Map<String, ?> settings) {
    try {
      return checked(Json.parseObject(Json.compact(settings)), "");
    } catch (CorruptFileException e) {
      throw new IllegalArgumentException("settings are not JSON: " + e.getMessage(), e);
    }
  }

  /**
   * {@return the config that a file holds} Python's NaN and Infinity are accepted.
   *
   * @param bytes the whole file
   * @param where the file, for messages
   * @throws CorruptFileException if it is not one JSON object
   * @throws IllegalArgumentException if transformers would refuse to save it; names every bad field
   */
  public static GenerationConfig parse(byte[] bytes, String where) throws CorruptFileException {
    try {
      return checked(Json.parseObject(bytes), ", file=" + where);
    } catch (CorruptFileException e) {
      throw new CorruptFileException(
          "generation config is not valid JSON: " + e.getMessage() + ", file=" + where, e);
    }
  }

  /**
   * {@return the config of a folder, empty if it has none}
   *
   * @param folder a model folder
   * @throws IOException if the file cannot be read or is not a JSON object
   * @throws IllegalArgumentException if transformers would refuse to save it; names every bad field
   */
  public static Optional<GenerationConfig> find(Path folder) throws IOException {
    Path file = folder.resolve(FILE_NAME);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    return Optional.of(parse(OwnFile.readConfig(folder, file), file.toString()));
  }

  /**
   * {@return the config that Open Instruct saves with a model that it has trained} With a chat
   * template for OLMo, a turn ends with {@code <|im_end|>} or {@code <|endoftext|>}; otherwise the
   * tokenizer says how text begins and ends.
   *
   * @param chatTemplateName the name of the chat template that the model was trained with
   * @param tokenizer the tokenizer's tokens
   * @throws IOException if the tokenizer's files cannot be read
   * @throws IllegalArgumentException if the tokenizer lacks a token that is needed
   */
  public static GenerationConfig forChatTemplate(String chatTemplateName, TokenIds tokenizer)
      throws IOException {
    Map<String, Object> settings = new LinkedHashMap<>();
    if (chatTemplateName.contains("olmo")) {
      settings.put(
          "eos_token_id", List.of(tokenizer.id("<|im_end|>"), tokenizer.id("<|endoftext|>")));
    } else {
      Optional<String> end = tokenizer.eosToken();
      Optional<String> begin = tokenizer.bosToken();
      settings.put("eos_token_id", end.isPresent() ? tokenizer.id(end.get()) : null);
      settings.put("bos_token_id", begin.isPresent() ? tokenizer.id(begin.get()) : null);
    }
    return of(settings);
  }

  private static GenerationConfig checked(Map<String, Object> given, String where) {
    Map<String, Object> settings = asInitialised(given);
    List<GenerationProblem> problems = GenerationRules.check(settings);
    if (!problems.isEmpty()) {
      String all =
          problems.stream().map(GenerationProblem::toString).collect(Collectors.joining("; "));
      throw new IllegalArgumentException(
          "transformers would refuse to save this generation config: " + all + where);
    }
    return new GenerationConfig(Collections.unmodifiableMap(settings));
  }

  /** A config that was derived from the model's keeps only what generation knows. */
  private static Map<String, Object> asInitialised(Map<String, Object> given) {
    Map<String, Object> settings = new LinkedHashMap<>(given);
    if (PythonValues.isTruthy(given.get(FROM_MODEL))) {
      settings.keySet().retainAll(GenerationFields.KNOWN);
      if (PythonValues.isTruthy(given.get("force_bos_token_to_be_generated"))) {
        settings.put("forced_bos_token_id", given.get("bos_token_id"));
      }
    }
    settings
        .entrySet()
        .removeIf(
            entry -> entry.getValue() == null && GenerationFields.KNOWN.contains(entry.getKey()));
    return settings;
  }

  /** {@return the settings that are not unset, in the order given; not to be changed} */
  public Map<String, Object> settings() {
    return settings;
  }

  /**
   * {@return the file to save, as transformers writes it: sorted, only what is set, the version of
   * transformers whose form it is, number tokens verbatim}
   */
  public byte[] encode() {
    Map<String, Object> saved = new LinkedHashMap<>(settings);
    saved.keySet().removeAll(GenerationFields.UNSAVED);
    if (saved.get(WatermarkingRules.FIELD) instanceof Map<?, ?> watermarking) {
      saved.put(WatermarkingRules.FIELD, WatermarkingRules.completed(watermarking));
    }
    saved.put(VERSION_FIELD, TRANSFORMERS_VERSION);
    return Json.prettySorted(saved);
  }
}
