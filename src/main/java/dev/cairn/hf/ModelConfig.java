package dev.cairn.hf;

import dev.cairn.input.OwnFile;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A model's {@code config.json}: what Cairn needs of it, and the form it is saved in. Immutable.
 */
public final class ModelConfig {
  /** The name that loaders look for. */
  public static final String FILE_NAME = "config.json";

  private static final String ARCHITECTURES = "architectures";
  private static final String MODEL_TYPE = "model_type";
  private static final String DTYPE = "dtype";
  private static final String TORCH_DTYPE = "torch_dtype";
  private static final String QUANTISATION = "quantization_config";
  private static final String FSDP_PREFIX = "FSDP";

  private final Map<String, Object> tree;

  private ModelConfig(Map<String, Object> tree) {
    this.tree = tree;
  }

  /**
   * {@return the config that a file holds} Python's NaN and Infinity are accepted.
   *
   * @param bytes the whole file
   * @param where the file, for messages
   * @throws CorruptFileException if it is not one JSON object
   */
  public static ModelConfig parse(byte[] bytes, String where) throws CorruptFileException {
    try {
      return new ModelConfig(Json.parseAsPython(bytes));
    } catch (CorruptFileException e) {
      throw new CorruptFileException(
          "config is not valid JSON: " + e.getMessage() + ", file=" + where, e);
    }
  }

  /**
   * {@return the config of a folder, empty if it has none}
   *
   * @param folder a model folder
   * @throws IOException if the file cannot be read or is not a JSON object
   */
  public static Optional<ModelConfig> find(Path folder) throws IOException {
    Path file = folder.resolve(FILE_NAME);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    return Optional.of(parse(OwnFile.readConfig(folder, file), file.toString()));
  }

  /**
   * {@return the config of a tree}
   *
   * @param config name to value, as JSON holds it: maps with string keys, lists, strings, booleans,
   *     null, {@link dev.cairn.json.JsonNumber}, Integer, Long and Double
   */
  public static ModelConfig of(Map<String, ?> config) {
    try {
      return parse(Json.compact(config), "(given)");
    } catch (CorruptFileException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /** {@return all of it, as {@link Json} has it} */
  public Map<String, Object> tree() {
    return Collections.unmodifiableMap(tree);
  }

  /** Returns every model type in the config, those of parts included, and the architectures. */
  Set<String> types() {
    Set<String> types = new LinkedHashSet<>();
    collectTypes(tree, types);
    if (tree.get(ARCHITECTURES) instanceof List<?> architectures) {
      architectures.stream()
          .map(ModelConfig::withoutPrefix)
          .filter(String.class::isInstance)
          .forEach(name -> types.add((String) name));
    }
    return types;
  }

  private static void collectTypes(Map<?, ?> config, Set<String> types) {
    if (config.get(MODEL_TYPE) instanceof String type) {
      types.add(type);
    }
    for (Object value : config.values()) {
      if (value instanceof Map<?, ?> part) {
        collectTypes(part, types);
      }
    }
  }

  /** {@return {@code model_type}, if the config says one} */
  public Optional<String> modelType() {
    return tree.get(MODEL_TYPE) instanceof String type ? Optional.of(type) : Optional.empty();
  }

  /** {@return the names of the model's classes, as the config has them; mostly one} */
  public List<String> architectures() {
    return tree.get(ARCHITECTURES) instanceof List<?> names
        ? names.stream().filter(String.class::isInstance).map(String.class::cast).toList()
        : List.of();
  }

  /** {@return all sizes of vocabularies that the config says, of its parts too, as they come} */
  public Set<Long> vocabularies() {
    Set<Long> sizes = new LinkedHashSet<>();
    collectVocabularies(tree, sizes);
    return sizes;
  }

  private static void collectVocabularies(Map<?, ?> from, Set<Long> sizes) {
    from.forEach(
        (key, value) -> {
          if (key.toString().endsWith("vocab_size")) {
            JsonNumber.whole(value).ifPresent(sizes::add);
          }
          if (value instanceof Map<?, ?> part) {
            collectVocabularies(part, sizes);
          }
        });
  }

  /** {@return whether the model's code is not transformers' own: there is an {@code auto_map}} */
  public boolean hasCustomCode() {
    return tree.containsKey("auto_map");
  }

  /**
   * {@return whether the config, or its {@code text_config}, says {@code tie_word_embeddings:
   * true}} An absent key is not false for loaders, but it is no reason to drop a tensor either.
   */
  public boolean tiesWordEmbeddings() {
    return Boolean.TRUE.equals(tree.get("tie_word_embeddings"))
        || (tree.get("text_config") instanceof Map<?, ?> text
            && Boolean.TRUE.equals(text.get("tie_word_embeddings")));
  }

  /**
   * {@return the file to save: the architectures without an FSDP prefix, the dtype that was saved,
   * everything else untouched, number tokens verbatim; sorted and indented as transformers does}
   *
   * @param savedDtype what the floating tensors are saved as; empty leaves the config's dtype
   * @throws IllegalArgumentException if it is no floating type of 16 bits or more
   */
  public byte[] encode(Optional<DType> savedDtype) {
    return Json.prettySorted(saved(savedDtype).tree);
  }

  /**
   * {@return the config that {@link #encode} writes}
   *
   * @param savedDtype as that takes it
   * @throws IllegalArgumentException as that does
   */
  public ModelConfig saved(Optional<DType> savedDtype) {
    Map<String, Object> saved = new LinkedHashMap<>(tree);
    if (saved.get(ARCHITECTURES) instanceof List<?> architectures) {
      saved.put(ARCHITECTURES, architectures.stream().map(ModelConfig::withoutPrefix).toList());
    }
    savedDtype.ifPresent(dtype -> putDtype(saved, torchName(dtype)));
    return new ModelConfig(saved);
  }

  /** {@return this config without what says how the base model's weights were quantised} */
  public ModelConfig withoutQuantisation() {
    Map<String, Object> plain = new LinkedHashMap<>(tree);
    removeQuantisation(plain);
    return new ModelConfig(plain);
  }

  @SuppressWarnings("unchecked") // JSON's objects have string keys
  private static void removeQuantisation(Map<String, Object> config) {
    config.remove(QUANTISATION);
    config.replaceAll(
        (name, value) -> {
          if (value instanceof Map<?, ?> part && part.containsKey(QUANTISATION)) {
            Map<String, Object> inner = new LinkedHashMap<>((Map<String, Object>) part);
            removeQuantisation(inner);
            return inner;
          }
          return value;
        });
  }

  private static Object withoutPrefix(Object architecture) {
    return architecture instanceof String name && name.startsWith(FSDP_PREFIX)
        ? name.substring(FSDP_PREFIX.length())
        : architecture;
  }

  /** Version 5 reads both names and writes the new one; version 4 reads the old one only. */
  private static void putDtype(Map<String, Object> config, String name) {
    boolean hasOld = config.containsKey(TORCH_DTYPE);
    boolean hasNew = config.containsKey(DTYPE);
    boolean isOld = config.get("transformers_version") instanceof String v && v.startsWith("4.");
    if (hasOld || (!hasNew && isOld)) {
      config.put(TORCH_DTYPE, name);
    }
    if (hasNew || (!hasOld && !isOld)) {
      config.put(DTYPE, name);
    }
  }

  private static String torchName(DType dtype) {
    return switch (dtype) {
      case BF16 -> "bfloat16";
      case F16 -> "float16";
      case F32 -> "float32";
      case F64 -> "float64";
      default ->
          throw new IllegalArgumentException(
              "not a dtype of a model: dtype=" + dtype + ", expected BF16, F16, F32 or F64");
    };
  }
}
