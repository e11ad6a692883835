package dev.cairn.hf;

import dev.cairn.hf.files.SmallFiles;
import dev.cairn.json.CodePointOrder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The small files of a model that is made from others, as they were chosen. */
final class SmallCopies {
  private static final String MODEL_CARD = "README.md";

  private SmallCopies() {}

  /**
   * Returns the files by relative path.
   *
   * @param configFolder whose code is taken; may be null
   * @param tokenizerFolder of which all is taken; may be null
   * @param chatTemplate the only one; null for those that there are
   * @param modelCard its text; null for none
   */
  static Map<String, FolderFile> of(
      Path configFolder, Path tokenizerFolder, String chatTemplate, String modelCard)
      throws IOException {
    Map<String, FolderFile> files = new TreeMap<>(CodePointOrder.INSTANCE);
    if (configFolder != null && !configFolder.equals(tokenizerFolder)) {
      copy(configFolder, SmallFiles.of(configFolder).code(), files);
    }
    if (tokenizerFolder != null) {
      copy(tokenizerFolder, SmallFiles.of(tokenizerFolder).taken(), files);
    }
    if (chatTemplate != null) {
      ChatTemplate.replace(files, chatTemplate);
    }
    if (modelCard != null) {
      files.put(MODEL_CARD, FolderFile.of(MODEL_CARD, modelCard.getBytes(StandardCharsets.UTF_8)));
    }
    return files;
  }

  private static void copy(Path folder, List<String> paths, Map<String, FolderFile> files) {
    paths.forEach(path -> files.put(path, FolderFile.copyOf(path, folder.resolve(path))));
  }
}
