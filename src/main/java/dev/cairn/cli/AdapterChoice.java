package dev.cairn.cli;

import dev.cairn.Checkpointer;
import dev.cairn.ParameterSet;
import dev.cairn.SaveReport;
import dev.cairn.peft.AdapterCheckpointer;
import dev.cairn.peft.AdapterOptions;
import dev.cairn.peft.LoraConfig;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that make a command save a LoRA adapter instead of the model around it. */
final class AdapterChoice {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--adapter-config",
      paramLabel = "FILE",
      description =
          "Save only the LoRA adapter, as a PEFT folder with this adapter_config.json; its dtypes"
              + " are kept unless --dtype is given.")
  private Path config;

  @Option(
      names = "--adapter",
      paramLabel = "NAME",
      description =
          "Which adapter (default: default); another one goes into a subfolder with its name.")
  private String name;

  /** Returns whether an adapter is to be saved. */
  boolean isMade() {
    if (config == null && name != null) {
      throw new IllegalArgumentException("--adapter=" + name + " needs --adapter-config");
    }
    return config != null;
  }

  /** Returns the folder that is made: an adapter that has a name of its own is in a subfolder. */
  Path target(Path output) {
    boolean isDefault = name == null || name.equals(AdapterOptions.DEFAULT_NAME);
    return isDefault ? output : output.resolve(name);
  }

  /** Returns what the adapter is cast to; empty to keep what is held. */
  Optional<DType> dtype(FolderOptions options) {
    boolean isGiven = command.commandLine().getParseResult().hasMatchedOption("--dtype");
    return isGiven ? Optional.ofNullable(options.dtype().dtype()) : Optional.empty();
  }

  /** Saves; what does not fit is the input's fault, not the command line's. */
  SaveReport save(
      Checkpointer checkpointer, Path output, ParameterSet parameters, Optional<DType> dtype)
      throws IOException {
    AdapterOptions named = name == null ? AdapterOptions.defaults() : AdapterOptions.of(name);
    AdapterOptions options = dtype.map(named::withDtype).orElse(named);
    try {
      return new AdapterCheckpointer(checkpointer, LoraConfig.read(config), options)
          .save(output, parameters);
    } catch (IllegalArgumentException e) {
      throw new CorruptFileException(e.getMessage(), e);
    }
  }
}
