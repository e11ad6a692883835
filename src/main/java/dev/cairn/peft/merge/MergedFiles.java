package dev.cairn.peft.merge;

import static java.util.stream.Collectors.toSet;

import dev.cairn.hf.FolderFile;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelFiles;
import dev.cairn.hf.files.FileRole;
import dev.cairn.hf.files.SmallFiles;
import dev.cairn.hf.generation.GenerationConfigCopy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a merged model has beside its weights: the base's files, and the adapter's tokenizer. */
final class MergedFiles {
  /** What a tokenizer may have beside it: no tokenizer by itself. */
  private static final Set<String> ADDITIONS =
      Set.of(
          "chat_template.jinja",
          "chat_template.json",
          "special_tokens_map.json",
          "added_tokens.json");

  private static final String TYING = "tie_word_embeddings";

  /** Models with a setting for what their output projection gets. */
  private static final Set<String> SCALING = Set.of("t5", "longt5", "pop2piano");

  private static final Set<String> SCALING_ONLY_TIED = Set.of("switch_transformers");

  private static final String MORE_TEMPLATES = SmallFiles.TEMPLATE_FOLDER + "/";

  private final ModelFiles baseFiles;
  private final List<FolderFile> tokenizer;

  private MergedFiles(ModelFiles baseFiles, List<FolderFile> tokenizer) {
    this.baseFiles = baseFiles;
    this.tokenizer = tokenizer;
  }

  static MergedFiles read(Path base, Path adapter, GenerationConfigCopy copy) throws IOException {
    List<FolderFile> tokenizer = new ArrayList<>();
    for (FolderFile file : copied(ModelFiles.fromFolder(adapter, GenerationConfigCopy.SKIP))) {
      if (isTokenizer(file)) {
        tokenizer.add(file);
      }
    }
    return new MergedFiles(ModelFiles.fromFolder(base, copy), tokenizer);
  }

  private static List<FolderFile> copied(ModelFiles files) {
    return files.files(Optional.empty()).stream()
        .filter(file -> !file.relativePath().equals(ModelConfig.FILE_NAME))
        .toList();
  }

  private static boolean isTokenizer(FolderFile file) {
    String path = file.relativePath();
    return path.startsWith(MORE_TEMPLATES)
        || (path.indexOf('/') < 0 && FileRole.of(path) == FileRole.TOKENIZER);
  }

  private static boolean isAddition(FolderFile file) {
    String name = file.relativePath();
    return ADDITIONS.contains(name) || name.startsWith(MORE_TEMPLATES);
  }

  /** Returns the base's config. */
  Optional<ModelConfig> config() {
    return baseFiles.config();
  }

  /**
   * Returns the files, with a config that fits what was planned; it says so if weights are no
   * longer tied.
   *
   * @param task of PEFT's; empty if the adapter says none
   * @throws IllegalArgumentException if no config fits
   */
  ModelFiles toSave(BaseWeights planned, Optional<String> task) throws IOException {
    List<FolderFile> files = new ArrayList<>(tokenizer);
    boolean isWhole = !tokenizer.stream().allMatch(MergedFiles::isAddition);
    Set<String> taken = tokenizer.stream().map(FolderFile::relativePath).collect(toSet());
    for (FolderFile file : copied(baseFiles)) {
      if (isWhole ? !isTokenizer(file) : !taken.contains(file.relativePath())) {
        files.add(file);
      }
    }
    Optional<ModelConfig> known = baseFiles.config();
    Optional<ModelConfig> tied = planned.isUntied() ? known.map(MergedFiles::untied) : known;
    Optional<ModelConfig> fitted = MergeFit.of(planned, tied, task);
    ModelFiles saved = ModelFiles.of(known, files);
    return fitted.map(config -> saved.withFitted(config, Map.of())).orElse(saved);
  }

  /**
   * Unties. T5 and its kin scale what goes into the output projection, unless {@code
   * tie_word_embeddings} is false: that they go on has to be said, where it can be.
   */
  private static ModelConfig untied(ModelConfig config) {
    Map<String, Object> tree = new LinkedHashMap<>(config.tree());
    boolean isScaling = !Boolean.FALSE.equals(tree.get(TYING));
    String type = config.modelType().orElse("");
    if (isScaling && SCALING_ONLY_TIED.contains(type)) {
      throw new IllegalArgumentException(
          "cannot untie the weights of this model: model_type=%s scales what goes into its output"
                  .formatted(type)
              + " projection only while tie_word_embeddings is true, and the adapter has a tied"
              + " module as a copy of its own (modules_to_save)");
    }
    if (isScaling && SCALING.contains(type)) {
      tree.putIfAbsent("scale_decoder_outputs", true);
    }
    tree.put(TYING, false);
    if (tree.get("text_config") instanceof Map<?, ?> text && text.containsKey(TYING)) {
      Map<Object, Object> untied = new LinkedHashMap<>(text);
      untied.put(TYING, false);
      tree.put("text_config", untied);
    }
    return ModelConfig.of(tree);
  }
}
