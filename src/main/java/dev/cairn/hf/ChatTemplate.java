package dev.cairn.hf;

import dev.cairn.hf.files.SmallFiles;
import dev.cairn.json.Json;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Puts a chat template in the place of all that a tokenizer's folder has, as transformers 5 does
 * when a tokenizer with a new template is saved.
 */
final class ChatTemplate {
  private static final String FILE_NAME = "chat_template.jinja";
  private static final String OF_PROCESSORS = "chat_template.json";
  private static final String CONFIG = "tokenizer_config.json";
  private static final String KEY = "chat_template";

  private ChatTemplate() {}

  /** Replaces the templates among some files, by relative path. */
  static void replace(Map<String, FolderFile> files, String template) throws IOException {
    // any other template would make it one of several, or hide it from a processor
    files.keySet().removeIf(path -> path.startsWith(SmallFiles.TEMPLATE_FOLDER + "/"));
    files.remove(OF_PROCESSORS);
    files.put(FILE_NAME, FolderFile.of(FILE_NAME, template.getBytes(StandardCharsets.UTF_8)));
    FolderFile config = files.get(CONFIG);
    if (config == null) {
      return;
    }
    try (InputStream stream = config.open()) {
      Map<String, Object> tree = Json.parseObject(stream.readAllBytes());
      if (tree.containsKey(KEY)) {
        tree.remove(KEY);
        files.put(CONFIG, FolderFile.of(CONFIG, Json.pretty(tree)));
      }
    } catch (CorruptFileException e) {
      throw new CorruptFileException(
          "tokenizer config is not valid JSON: %s, file=%s".formatted(e.getMessage(), config), e);
    }
  }
}
