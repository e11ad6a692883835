package dev.cairn.cli.options;

import dev.cairn.hf.ModelFiles;
import dev.cairn.hf.generation.GenerationConfig;
import dev.cairn.hf.generation.TokenIds;
import dev.cairn.model.ParameterSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What of a model is saved, and with which generation config.
 *
 * @param attribute the part of a composite model, or null for all of it
 * @param chatTemplateName the chat template that decides the generation config, or null to copy it
 * @param isRaw whether fused weights are saved as they are
 */
public record ModelChoice(String attribute, String chatTemplateName, boolean isRaw) {
  /** Returns the chosen part of a rank's parameters. */
  public ParameterSet of(ParameterSet whole) {
    return attribute == null ? whole : whole.attribute(attribute);
  }

  /** Returns what is written beside the weights. */
  public ModelFiles files(Path folder) throws IOException {
    ModelFiles.Builder files = ModelFiles.builder().from(folder);
    if (chatTemplateName != null) {
      files.generationConfig(
          GenerationConfig.forChatTemplate(chatTemplateName, TokenIds.of(folder)));
    }
    return files.build();
  }

  public Map<String, Object> toJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("attribute", attribute);
    json.put("chatTemplateName", chatTemplateName);
    json.put("isRaw", isRaw);
    return json;
  }

  public static ModelChoice parse(Map<?, ?> json) {
    return new ModelChoice(
        (String) json.get("attribute"),
        (String) json.get("chatTemplateName"),
        (Boolean) json.get("isRaw"));
  }
}
