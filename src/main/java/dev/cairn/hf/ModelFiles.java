package dev.cairn.hf;

import dev.cairn.hf.generation.GenerationConfig;
import dev.cairn.hf.generation.GenerationConfigCopy;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is written beside the safetensors files: config, generation config, tokenizer. Immutable.
 */
public final class ModelFiles {
  private final Optional<ModelConfig> given;
  private final Optional<ModelConfig> config;
  private final List<FolderFile> others;
  private final Optional<Path> base;
  private Map<String, TensorInfo> baseTensors; // null until somebody asks

  private ModelFiles(
      Optional<ModelConfig> given,
      Optional<ModelConfig> config,
      List<FolderFile> others,
      Optional<Path> base) {
    this.given = given;
    this.config = config;
    this.others = others;
    this.base = base;
  }

  /** {@return no files at all: only weights are written} */
  public static ModelFiles none() {
    return of(Optional.empty(), List.of());
  }

  /**
   * {@return exactly these files}
   *
   * @param config the model's, which a save rewrites for its dtype; empty if there is none
   * @param files copied as they are, each with its own path
   */
  public static ModelFiles of(Optional<ModelConfig> config, List<FolderFile> files) {
    return new ModelFiles(config, config, List.copyOf(files), Optional.empty());
  }

  /**
   * {@return the files of an existing model folder} The configs are read and checked now; all but
   * config.json is copied byte for byte when it is written.
   *
   * @param folder a model folder
   * @throws CorruptFileException if a config is not JSON
   * @throws IOException if the folder cannot be read
   */
  public static ModelFiles fromFolder(Path folder) throws IOException {
    return fromFolder(folder, GenerationConfigCopy.COPY);
  }

  /**
   * {@return the files of an existing model folder, as {@link #fromFolder(Path)} takes them}
   *
   * @param folder a model folder
   * @param copy what is done with its generation config
   * @throws IOException if the folder cannot be read
   * @throws IllegalArgumentException if the generation config is refused
   */
  public static ModelFiles fromFolder(Path folder, GenerationConfigCopy copy) throws IOException {
    return builder().from(folder).generationConfigFrom(folder, copy).build();
  }

  /** {@return a builder that starts without any file} */
  public static Builder builder() {
    return new Builder();
  }

  /** {@return the model's config, if there is one} */
  public Optional<ModelConfig> config() {
    return config;
  }

  /**
   * {@return the tensors, by name, of the model folder that the config comes from; empty if it
   * comes from none, or the folder has no safetensors files}
   *
   * @throws IOException if the disk fails
   */
  public synchronized Map<String, TensorInfo> baseTensors() throws IOException {
    if (baseTensors == null) {
      baseTensors = base.isEmpty() ? Map.of() : Map.copyOf(BaseModel.tensors(base.get()));
    }
    return baseTensors;
  }

  /**
   * {@return the model folder that the config comes from, open; the caller closes it}
   *
   * @throws IOException if it comes from none, or the folder cannot be read
   */
  public ModelFolder openBase() throws IOException {
    return ModelFolder.open(
        base.orElseThrow(() -> new IOException("the config comes from no model folder")));
  }

  /**
   * {@return these files with another config: one that fits what is saved}
   *
   * @param fitted takes the place of the config
   * @param tensors the base's, by name, as they are in a model with that config
   */
  public ModelFiles withFitted(ModelConfig fitted, Map<String, TensorInfo> tensors) {
    ModelFiles files = new ModelFiles(given, Optional.of(fitted), others, base);
    files.baseTensors = Map.copyOf(tensors);
    return files;
  }

  /** {@return the config as it was given, whatever {@link #withFitted} has put in its place} */
  public Optional<ModelConfig> given() {
    return given;
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
    files.addAll(others);
    return List.copyOf(files);
  }

  /**
   * Chooses the files one by one; what is given wins over what a folder has, in any order of the
   * calls. Folders are read by {@link #build}. Not thread-safe.
   */
  public static final class Builder {
    private ModelConfig config;
    private GenerationConfig generationConfig;
    private Path configFolder;
    private Path generationFolder;
    private GenerationConfigCopy generationCopy = GenerationConfigCopy.COPY;
    private Path tokenizerFolder;
    private String chatTemplate;
    private String modelCard;

    private Builder() {}

    /**
     * Takes config, generation config and tokenizer of a model folder.
     *
     * @param folder exists; as {@link #configFrom}, {@link #generationConfigFrom} and {@link
     *     #tokenizerFrom} take it
     * @return this
     */
    public Builder from(Path folder) {
      return configFrom(folder).generationConfigFrom(folder).tokenizerFrom(folder);
    }

    /**
     * Takes the config of a folder, if it has one, and the custom code beside it.
     *
     * @param folder exists; read, but for its code, by {@link #build}
     * @return this
     */
    public Builder configFrom(Path folder) {
      this.configFolder = folder;
      return this;
    }

    /**
     * Sets the config.
     *
     * @param value wins over that of {@link #configFrom}'s folder
     * @return this
     */
    public Builder config(ModelConfig value) {
      this.config = value;
      return this;
    }

    /**
     * Copies the generation config of a folder, if it has one, byte for byte; {@link #build} warns
     * if transformers would refuse to save it.
     *
     * @param folder may have none; read by {@link #build}, and copied when a save writes it
     * @return this
     */
    public Builder generationConfigFrom(Path folder) {
      return generationConfigFrom(folder, GenerationConfigCopy.COPY);
    }

    /**
     * Takes the generation config of a folder, if it has one.
     *
     * @param folder may have none; read by {@link #build}, and copied when a save writes it
     * @param copy what is done with it
     * @return this
     */
    public Builder generationConfigFrom(Path folder, GenerationConfigCopy copy) {
      this.generationFolder = folder;
      this.generationCopy = copy;
      return this;
    }

    /**
     * Sets the generation config.
     *
     * @param value wins over that of {@link #generationConfigFrom}'s folder
     * @return this
     */
    public Builder generationConfig(GenerationConfig value) {
      this.generationConfig = value;
      return this;
    }

    /**
     * Copies a folder's tokenizer, processors, chat templates, custom code and other small files
     * byte for byte; no weights, and nothing of a trainer's.
     *
     * @param folder exists; its files are listed by {@link #build}, and copied when a save writes
     *     them
     * @return this
     */
    public Builder tokenizerFrom(Path folder) {
      this.tokenizerFolder = folder;
      return this;
    }

    /**
     * Sets the only chat template: it replaces all that the tokenizer's folder has, also one inside
     * {@code tokenizer_config.json}.
     *
     * @param jinja the template's text
     * @return this
     */
    public Builder chatTemplate(String jinja) {
      this.chatTemplate = jinja;
      return this;
    }

    /**
     * Sets the model card, which is written as {@code README.md}.
     *
     * @param markdown the whole file's text, its YAML header included
     * @return this
     */
    public Builder modelCard(String markdown) {
      this.modelCard = markdown;
      return this;
    }

    /**
     * {@return the files}
     *
     * @throws CorruptFileException if a config is not JSON
     * @throws IOException if a folder cannot be read
     * @throws IllegalArgumentException if transformers would refuse to save a folder's generation
     *     config, and so does {@link GenerationConfigCopy#REFUSE}
     */
    public ModelFiles build() throws IOException {
      Map<String, FolderFile> files =
          SmallCopies.of(configFolder, tokenizerFolder, chatTemplate, modelCard);
      chosenGenerationConfig().ifPresent(file -> files.put(file.relativePath(), file));
      Optional<ModelConfig> chosen = chosenConfig();
      return new ModelFiles(
          chosen, chosen, List.copyOf(files.values()), Optional.ofNullable(configFolder));
    }

    private Optional<ModelConfig> chosenConfig() throws IOException {
      if (config != null || configFolder == null) {
        return Optional.ofNullable(config);
      }
      return ModelConfig.find(configFolder);
    }

    private Optional<FolderFile> chosenGenerationConfig() throws IOException {
      String name = GenerationConfig.FILE_NAME;
      if (generationConfig != null) {
        return Optional.of(FolderFile.of(name, generationConfig.encode()));
      }
      return generationFolder != null && generationCopy.takes(generationFolder)
          ? Optional.of(FolderFile.copyOf(name, generationFolder.resolve(name)))
          : Optional.empty();
    }
  }
}
