package dev.cairn.hf;

import dev.cairn.input.Links;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** What is copied byte for byte from an existing model folder. */
final class CopiedFiles {
  static final String TEMPLATE_FOLDER = "additional_chat_templates";

  private static final Set<String> TOKENIZER =
      Set.of(
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

  private CopiedFiles() {}

  /** Returns tokenizer, processors, chat templates and custom code. */
  static List<FolderFile> tokenizer(Path folder) throws IOException {
    List<FolderFile> files = new ArrayList<>();
    add(files, folder, folder, CopiedFiles::isTokenizer);
    if (Files.isDirectory(folder.resolve(TEMPLATE_FOLDER))) {
      add(files, folder, folder.resolve(TEMPLATE_FOLDER), name -> true);
    }
    return files;
  }

  /** Returns the custom code that a config may name. */
  static List<FolderFile> code(Path folder) throws IOException {
    List<FolderFile> files = new ArrayList<>();
    add(files, folder, folder, CopiedFiles::isCode);
    return files;
  }

  private static void add(
      List<FolderFile> files, Path root, Path folder, Predicate<String> isWanted)
      throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new NotDirectoryException(folder.toString());
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path file : entries) {
        if (isWanted.test(file.getFileName().toString()) && Files.isRegularFile(file)) {
          Links.requireOwn(root, file);
          files.add(FolderFile.copyOf(relative(root, file), file));
        }
      }
    }
  }

  private static boolean isTokenizer(String name) {
    return TOKENIZER.contains(name) || name.endsWith(".tiktoken") || isCode(name);
  }

  private static boolean isCode(String name) {
    return name.endsWith(".py");
  }

  private static String relative(Path root, Path file) {
    return root.relativize(file).toString().replace('\\', '/');
  }
}
