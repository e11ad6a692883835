package dev.cairn.cli.options;

import dev.cairn.Checkpointer;
import dev.cairn.SingleFile;
import dev.cairn.hf.FolderFile;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.SaveReport;
import dev.cairn.peft.AdapterCheckpointer;
import dev.cairn.peft.AdapterOptions;
import dev.cairn.peft.AdapterSelection;
import dev.cairn.peft.LoraConfig;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The LoRA adapter that is saved instead of the model around it.
 *
 * @param config the adapter_config.json to take
 * @param name which adapter; one not called {@code default} goes into a subfolder with its name
 */
public record AdapterJob(Path config, String name) {
  /** Returns the folder that is made below, or as, the output. */
  public Path target(Path output) {
    return name.equals(AdapterOptions.DEFAULT_NAME) ? output : output.resolve(name);
  }

  /** Saves; what does not fit is the input's fault, not the command line's. */
  public SaveReport save(
      Checkpointer checkpointer, Path output, ParameterSet parameters, Optional<DType> dtype)
      throws IOException {
    AdapterOptions named = AdapterOptions.of(name);
    AdapterOptions options = dtype.map(named::withDtype).orElse(named);
    try {
      return new AdapterCheckpointer(checkpointer, LoraConfig.read(config), options)
          .save(output, parameters);
    } catch (IllegalArgumentException e) {
      throw new CorruptFileException(e.getMessage(), e);
    }
  }

  /** Returns an adapter's file of tensors that have the names of the file already. */
  public static SingleFile asStored(Path config, ParameterSet parameters, Optional<DType> dtype)
      throws IOException {
    return new SingleFile(
        "adapter_model",
        parameters,
        ModelFiles.of(
            Optional.empty(),
            List.of(FolderFile.of(LoraConfig.FILE_NAME, LoraConfig.read(config).encode()))),
        dtype);
  }

  /** Returns, for each name in the adapter file, the parameter that is saved under it. */
  public Map<String, String> select(Map<String, Shape> shapes) throws IOException {
    try {
      return AdapterSelection.of(LoraConfig.read(config), AdapterOptions.of(name), shapes);
    } catch (IllegalArgumentException e) {
      throw new CorruptFileException(e.getMessage(), e);
    }
  }

  public Map<String, Object> toJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("config", config.toString());
    json.put("name", name);
    return json;
  }

  public static AdapterJob parse(Map<?, ?> json) {
    return new AdapterJob(Path.of((String) json.get("config")), (String) json.get("name"));
  }
}
