package dev.cairn.hf.generation;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * The rules by which transformers refuses to save a generation config, applied to every field, not
 * only to the first bad one. What Python cannot compare is refused too.
 *
 * @see <a
 *     href="https://github.com/huggingface/transformers/blob/main/src/transformers/generation/configuration_utils.py">GenerationConfig.validate</a>
 */
final class GenerationRules {
  private static final Logger LOG = System.getLogger(GenerationRules.class.getName());
  private static final Set<String> CACHES =
      Set.of(
          "static",
          "offloaded_static",
          "sliding_window",
          "hybrid",
          "hybrid_chunked",
          "offloaded_hybrid",
          "offloaded_hybrid_chunked",
          "dynamic",
          "offloaded",
          "quantized",
          "paged");
  private static final List<String> OUTPUT_FLAGS =
      List.of("output_attentions", "output_hidden_states", "output_scores", "output_logits");

  private final Map<String, Object> settings;
  private final List<GenerationProblem> problems = new ArrayList<>();

  private GenerationRules(Map<String, Object> settings) {
    this.settings = settings;
  }

  /** Returns every setting that transformers would refuse, at most once per rule. */
  static List<GenerationProblem> check(Map<String, Object> settings) {
    GenerationRules rules = new GenerationRules(settings);
    rules.checkValues();
    rules.checkCache();
    rules.checkSampling();
    rules.checkBeams();
    rules.checkSequences();
    rules.checkOutputs();
    rules.checkForcedTokens();
    rules.checkForeign();
    return rules.problems;
  }

  private boolean isSet(String field) {
    return settings.get(field) != null;
  }

  private boolean isTrue(String field) {
    return Boolean.TRUE.equals(settings.get(field));
  }

  private void refuse(String field, String expected) {
    problems.add(new GenerationProblem(field, settings.get(field), expected));
  }

  /** Refuses a field that is set to no number. */
  private OptionalDouble number(String field) {
    OptionalDouble number = PythonValues.number(settings.get(field));
    if (isSet(field) && number.isEmpty()) {
      refuse(field, "a number");
    }
    return number;
  }

  private void checkValues() {
    Object stopping = settings.get("early_stopping");
    boolean isFlag = PythonValues.isEqual(stopping, 0) || PythonValues.isEqual(stopping, 1);
    if (stopping != null && !isFlag && !"never".equals(stopping)) {
      refuse("early_stopping", "true, false or \"never\"");
    }
    OptionalDouble newTokens = number("max_new_tokens");
    if (newTokens.isPresent() && newTokens.getAsDouble() <= 0) {
      refuse("max_new_tokens", "1 or more");
    }
    OptionalDouble weight = number("assistant_ensemble_weight");
    if (weight.isPresent() && !(0 < weight.getAsDouble() && weight.getAsDouble() < 1)) {
      refuse("assistant_ensemble_weight", "between 0 and 1, both excluded");
    }
    OptionalDouble padding = number("pad_token_id");
    if (padding.isPresent() && padding.getAsDouble() < 0) {
      refuse("pad_token_id", "0 or more");
    }
    if (isSet("compile_config")) {
      refuse("compile_config", "it unset");
    }
    if (isSet(WatermarkingRules.FIELD)) {
      problems.addAll(WatermarkingRules.check(settings.get(WatermarkingRules.FIELD)));
    }
  }

  private void checkCache() {
    Object cache = settings.get("cache_implementation");
    if (cache != null && !(cache instanceof String)) {
      refuse("cache_implementation", "a name");
    } else if (cache != null && !CACHES.contains(cache)) { // a later transformers may know it
      LOG.log(
          Level.WARNING,
          "transformers {0} does not know this cache_implementation of a generation config: {1}",
          GenerationConfig.TRANSFORMERS_VERSION,
          cache);
    }
    if (Boolean.FALSE.equals(settings.get("use_cache"))) {
      for (String field : List.of("cache_implementation", "cache_config")) {
        if (isSet(field)) {
          refuse(field, "it unset while use_cache is false");
        }
      }
    }
  }

  private void checkSampling() {
    if (isTrue("do_sample")) {
      return;
    }
    String state = " while do_sample is not true";
    expectNumber("temperature", 1, "1.0", state);
    expectNumber("top_p", 1, "1.0", state);
    expectNumber("typical_p", 1, "1.0", state);
    expectNumber("top_k", 50, "50", state);
    expectNumber("epsilon_cutoff", 0, "0.0", state);
    expectNumber("eta_cutoff", 0, "0.0", state);
    for (String field : List.of("min_p", "top_h")) {
      if (isSet(field)) {
        refuse(field, "it unset" + state);
      }
    }
  }

  private void expectNumber(String field, double neutral, String spelled, String state) {
    if (isSet(field) && !PythonValues.isEqual(settings.get(field), neutral)) {
      refuse(field, spelled + " or unset" + state);
    }
  }

  private boolean hasOneBeam() {
    return !isSet("num_beams") || PythonValues.isEqual(settings.get("num_beams"), 1);
  }

  private void checkBeams() {
    if (!hasOneBeam()) {
      return;
    }
    String state = " while num_beams is 1 or unset";
    if (isSet("early_stopping") && !Boolean.FALSE.equals(settings.get("early_stopping"))) {
      refuse("early_stopping", "false or unset" + state);
    }
    expectNumber("length_penalty", 1, "1.0", state);
  }

  private void checkSequences() {
    String field = "num_return_sequences";
    OptionalDouble sequences = number(field);
    if (sequences.isEmpty() || !(sequences.getAsDouble() > 1)) {
      return;
    }
    if (hasOneBeam()) {
      if (!PythonValues.isTruthy(settings.get("do_sample"))) {
        refuse(field, "1 while do_sample is not true and num_beams is 1 or unset");
      }
      return;
    }
    OptionalDouble beams = number("num_beams");
    if (beams.isPresent() && sequences.getAsDouble() > beams.getAsDouble()) {
      refuse(field, "at most num_beams=" + settings.get("num_beams"));
    }
  }

  private void checkOutputs() {
    if (isTrue("return_dict_in_generate")) {
      return;
    }
    for (String flag : OUTPUT_FLAGS) {
      if (isTrue(flag)) {
        refuse(flag, "false or unset while return_dict_in_generate is not true");
      }
    }
  }

  /** If every forced token is suppressed too, nothing can be generated. */
  private void checkForcedTokens() {
    if (!isSet("suppress_tokens")) {
      return;
    }
    Optional<List<Object>> suppressed = PythonValues.set(settings.get("suppress_tokens"));
    if (suppressed.isEmpty()) {
      refuse("suppress_tokens", "a list of token ids");
      return;
    }
    for (String field : List.of("forced_bos_token_id", "forced_eos_token_id")) {
      if (isSet(field)) {
        checkForced(field, suppressed.get());
      }
    }
  }

  private void checkForced(String field, List<Object> suppressed) {
    Object value = settings.get(field);
    Optional<List<Object>> forced =
        PythonValues.isInt(value)
            ? Optional.of(List.of(PythonValues.hashed(value)))
            : PythonValues.set(value);
    if (forced.isEmpty()) {
      refuse(field, "a token id or a list of them");
    } else if (!forced.get().isEmpty() && suppressed.containsAll(forced.get())) {
      refuse(field, "a token that suppress_tokens does not hold");
    }
  }

  private void checkForeign() {
    for (String field : settings.keySet()) {
      if (GenerationFields.OF_GENERATE.contains(field)) {
        refuse(field, "it in the call of generate, not here");
      }
    }
    checkDtype("", settings);
  }

  /** A dtype, at any depth of objects, is saved by its name. */
  private void checkDtype(String path, Map<?, ?> object) {
    object.forEach(
        (key, value) -> {
          if (key.equals("dtype") && value != null && !(value instanceof String)) {
            problems.add(new GenerationProblem(path + key, value, "a dtype's name"));
          } else if (value instanceof Map<?, ?> inner) {
            checkDtype(path + key + ".", inner);
          }
        });
  }
}
