package dev.cairn.hf;

import dev.cairn.json.CodePointOrder;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What is written beside the safetensors files: config, generation config, tokenizer. Immutable.
 */
public final class ModelFiles {
  private static final Set<String> COPIED =
      Set.of(
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "vocab.txt",
          "tokenizer.model",
          "spiece.model",
          "sentencepiece.bpe.model",
          "tekken.json",
          "source.spm",
          "target.spm",
          "preprocessor_config.json",
          "video_preprocessor_config.json",
          "processor_config.json",
          "chat_template.json",
          "chat_template.jinja");

  private static final List<String> COPIED_SUFFIXES = List.of(".tiktoken", ".py");
  private static final String TEMPLATE_FOLDER = "additional_chat_templates";

  private final Optional<ModelConfig> config;
  private final List<FolderFile> copied;

  private ModelFiles(Optional<ModelConfig> config, List<FolderFile> copied) {
    this.config = config;
    this.copied = copied;
  }

  /** {@return no files at all: only weights are written} */
  public static ModelFiles none() {
    return new ModelFiles(Optional.empty(), List.of());
  }

  /**
   * {@return the files of an existing model folder} The config is read now, the others, which are
   * copied byte for byte, when they are written.
   *
   * @param folder a model folder
   * @throws CorruptFileException if its config is not JSON
   * @throws IOException if the folder cannot be read
   */
  public static ModelFiles fromFolder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new NotDirectoryException(folder.toString());
    }
    List<FolderFile> copied = new ArrayList<>();
    add(copied, folder, folder);
    if (Files.isDirectory(folder.resolve(TEMPLATE_FOLDER))) {
      add(copied, folder, folder.resolve(TEMPLATE_FOLDER));
    }
    return new ModelFiles(ModelConfig.find(folder), List.copyOf(copied));
  }

  private static void add(List<FolderFile> copied, Path root, Path folder) throws IOException {
    boolean everything = !folder.equals(root);
    try (Stream<Path> files = Files.list(folder)) {
      files
          .filter(Files::isRegularFile)
          .filter(file -> everything || isCopied(file.getFileName().toString()))
          .map(file -> FolderFile.copyOf(relative(root, file), file))
          .sorted(Comparator.comparing(FolderFile::relativePath, CodePointOrder.INSTANCE))
          .forEach(copied::add);
    }
  }

  private static boolean isCopied(String name) {
    return COPIED.contains(name) || COPIED_SUFFIXES.stream().anyMatch(name::endsWith);
  }

  private static String relative(Path root, Path file) {
    return root.relativize(file).toString().replace('\\', '/');
  }

  /** {@return the model's config, if there is one} */
  public Optional<ModelConfig> config() {
    return config;
  }

  /**
   * {@return the files to write, the config first}
   *
   * @param savedDtype what the floating tensors are saved as (for {@code keep}: what most of them
   *     are held as); empty leaves the config's dtype
   * @throws IllegalArgumentException if it is no floating type of 16 bits or more
   */
  public List<FolderFile> files(Optional<DType> savedDtype) {
    List<FolderFile> files = new ArrayList<>();
    config.ifPresent(
        json -> files.add(FolderFile.of(ModelConfig.FILE_NAME, json.encode(savedDtype))));
    files.addAll(copied);
    return List.copyOf(files);
  }
}
