package dev.cairn.hf.fit;

import dev.cairn.form.FormResolver;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The classes of one family of models: for other tasks, with other heads. */
final class TaskClasses {
  private static final Pattern NAME =
      Pattern.compile("(?:FSDP)?(.+?)(?:Text)?(For[A-Z]\\w*|LMHeadModel|MTModel|Model)");

  /** How classes end for each of PEFT's tasks, likeliest first. */
  private static final Map<String, List<String>> ENDS = new LinkedHashMap<>();

  static {
    ENDS.put("SEQ_CLS", List.of("ForSequenceClassification"));
    ENDS.put("TOKEN_CLS", List.of("ForTokenClassification"));
    ENDS.put("QUESTION_ANS", List.of("ForQuestionAnswering"));
    ENDS.put("IMAGE_CLS", List.of("ForImageClassification"));
    ENDS.put("CAUSAL_LM", List.of("ForCausalLM", "LMHeadModel"));
    ENDS.put("SEQ_2_SEQ_LM", List.of("ForConditionalGeneration", "MTModel"));
    ENDS.put("MASKED_LM", List.of("ForMaskedLM"));
    ENDS.put("FEATURE_EXTRACTION", List.of("Model"));
  }

  private TaskClasses() {}

  /**
   * Returns the other classes of a config's family that there are.
   *
   * @param config as config.json has it
   * @param task of an adapter; empty if it is not known
   */
  static List<String> of(Map<String, Object> config, Optional<String> task) {
    if (!(config.get("architectures") instanceof List<?> list)
        || list.size() != 1
        || !(list.get(0) instanceof String name)) {
      return List.of();
    }
    Matcher matcher = NAME.matcher(name);
    if (!matcher.matches()) {
      return List.of();
    }
    Set<String> names = new LinkedHashSet<>();
    for (Map.Entry<String, List<String>> ends : ENDS.entrySet()) {
      if (task.map(ends.getKey()::equals).orElse(true)) {
        ends.getValue().forEach(end -> names.add(matcher.group(1) + end));
        ends.getValue().forEach(end -> names.add(matcher.group(1) + "Text" + end));
      }
    }
    names.remove(name);
    List<String> known = new ArrayList<>();
    for (String other : names) {
      FormResolver resolver =
          FormResolver.of(ConfigEdits.withArchitecture(config, other), Optional.empty());
      if (resolver.modelType().isPresent()
          && resolver.modelType().get().equals(config.get("model_type"))) {
        known.add(other);
      }
    }
    return known;
  }
}
