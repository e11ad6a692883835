package dev.cairn.hf.files;

import dev.cairn.input.FileKind;
import dev.cairn.input.Links;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The small files of a model's folder, without its configs, and what is left of it.
 *
 * <p>Beside the weights everything is taken that is no weights, a trainer's or data: the code of a
 * model may read files of any name. Of folders in it only what loaders know is taken.
 */
public final class SmallFiles {
  /** Where a tokenizer has more chat templates than one. */
  public static final String TEMPLATE_FOLDER = "additional_chat_templates";

  /** What has a reader of its own. */
  private static final Set<String> CONFIGS = Set.of("config.json", "generation_config.json");

  /** No vocabulary is as large; only files of names that nobody knows are measured. */
  private static final long MOST_BYTES = 64L << 20;

  private static final int DEEPEST = 6;

  /** A folder that Python can import from. */
  private static final Pattern PACKAGE = Pattern.compile("[A-Za-z_]\\w*");

  /**
   * What a processor of speech decodes with: none of the model's weights, whatever it is called.
   */
  private static final String LANGUAGE_MODEL = "language_model/";

  /** All of these is read: templates, custom generation, the modules of sentence-transformers. */
  private static final Pattern KNOWN_FOLDER =
      Pattern.compile(TEMPLATE_FOLDER + "|chat_templates|custom_generate|language_model|\\d+_\\w+");

  /** A processor's second tokenizer, RAG's two. */
  private static final Pattern PART = Pattern.compile(".*(?:tokenizer|processor)");

  private static final Pattern TRAINERS_FOLDER =
      Pattern.compile("checkpoint-.*|global_step.*|step_\\d+|runs|wandb|logs?|.*\\.tmp-.*|__.*__");

  private static final Set<FileKind> WEIGHTS =
      EnumSet.of(
          FileKind.SAFETENSORS,
          FileKind.TORCH_ZIP,
          FileKind.TORCH_LEGACY,
          FileKind.GGUF,
          FileKind.PICKLE,
          FileKind.HDF5);

  private final Path root;
  private final List<String> taken = new ArrayList<>();
  private final Map<String, String> left = new TreeMap<>();

  private SmallFiles(Path root) {
    this.root = root;
  }

  /**
   * {@return the files of a folder}
   *
   * @param folder of a model
   * @throws CorruptFileException if a file that the model needs is a link that leads out of it
   * @throws IOException if it cannot be read
   */
  public static SmallFiles of(Path folder) throws IOException {
    SmallFiles files = new SmallFiles(folder);
    if (!Files.isDirectory(folder)) {
      throw new NotDirectoryException(folder.toString());
    }
    files.walk(folder, 0);
    return files;
  }

  /** {@return the paths of what is taken, below the folder, with {@code /}} */
  public List<String> taken() {
    return taken;
  }

  /** {@return those of them that are code} */
  public List<String> code() {
    return taken.stream().filter(path -> path.endsWith(".py")).toList();
  }

  /** {@return the paths of what is left, below the folder, and for each why; folders end on /} */
  public Map<String, String> left() {
    return left;
  }

  private void walk(Path folder, int depth) throws IOException {
    List<Path> folders = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        if (Files.isDirectory(entry)) {
          folders.add(entry);
        } else {
          add(folder, entry);
        }
      }
    }
    for (Path inner : folders) {
      String reason = reasonToLeaveFolder(inner, depth + 1);
      if (reason.isEmpty()) {
        walk(inner, depth + 1);
      } else {
        left.put(relative(inner) + "/", reason);
      }
    }
  }

  private void add(Path folder, Path file) throws IOException {
    String path = relative(file);
    if (CONFIGS.contains(path)) {
      return;
    }
    FileRole role =
        path.startsWith(LANGUAGE_MODEL)
            ? FileRole.PROCESSOR
            : FileRole.of(file.getFileName().toString());
    String reason = role.isTaken() ? reasonToLeave(folder, file, role) : role.reason();
    if (reason.isEmpty()) {
      taken.add(path);
    } else {
      left.put(path, reason);
    }
  }

  private String reasonToLeave(Path folder, Path file, FileRole role) throws IOException {
    if (!Files.isRegularFile(file)) {
      return "no file";
    }
    if (!folder.equals(root) && !isKnown(root.relativize(folder), role)) {
      return "not of the model's code or tokenizer";
    }
    if (role.isNeeded()) {
      Links.requireOwn(root, file);
      return "";
    }
    if (!Links.isOwn(root, file)) {
      return "a link that leads out of the folder";
    }
    return Files.size(file) > MOST_BYTES ? "not small" : reasonInContent(file);
  }

  private static boolean isKnown(Path folder, FileRole role) {
    if (KNOWN_FOLDER.matcher(folder.getName(0).toString()).matches()) {
      return true;
    }
    if (role != FileRole.CODE) {
      return role.isNeeded() && PART.matcher(folder.getFileName().toString()).matches();
    }
    for (Path component : folder) {
      if (!PACKAGE.matcher(component.toString()).matches()) {
        return false;
      }
    }
    return true;
  }

  private static String reasonInContent(Path file) throws IOException {
    return WEIGHTS.contains(FileKind.of(file)) ? FileRole.WEIGHTS.reason() : "";
  }

  /** Returns why nothing in a folder is taken; empty if something may be. */
  private String reasonToLeaveFolder(Path folder, int depth) throws IOException {
    String name = folder.getFileName().toString();
    if (name.startsWith(".")) {
      return FileRole.HIDDEN.reason();
    }
    if (TRAINERS_FOLDER.matcher(name).matches()) {
      return FileRole.TRAINING.reason();
    }
    if (Files.isSymbolicLink(folder)) {
      return "a link to a folder";
    }
    if (depth > DEEPEST) {
      return "too deep";
    }
    return KNOWN_FOLDER.matcher(name).matches() ? "" : reasonInFolder(folder);
  }

  /** A folder with weights is another model, or this one in another format. */
  private static String reasonInFolder(Path folder) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        FileRole role = FileRole.of(entry.getFileName().toString());
        boolean isOther = role == FileRole.WEIGHTS || role == FileRole.ADAPTER;
        if (isOther && Files.isRegularFile(entry)) {
          return "has weights of its own";
        }
      }
    }
    return "";
  }

  private String relative(Path file) {
    return root.relativize(file).toString().replace('\\', '/');
  }
}
