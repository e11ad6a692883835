package dev.cairn.cli.options;

import dev.cairn.peft.AdapterOptions;
import dev.cairn.tensor.DType;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that make a command save a LoRA adapter instead of the model around it. */
public final class AdapterChoice {
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

  /** Returns the adapter that is to be saved; empty for the model around it. */
  public Optional<AdapterJob> job() {
    if (config == null && name != null) {
      throw new IllegalArgumentException("--adapter=" + name + " needs --adapter-config");
    }
    String chosen = name == null ? AdapterOptions.DEFAULT_NAME : name;
    return Optional.ofNullable(config).map(file -> new AdapterJob(file.toAbsolutePath(), chosen));
  }

  /** Returns what the adapter is cast to; empty to keep what is held. */
  public Optional<DType> dtype(FolderOptions options) {
    boolean isGiven = command.commandLine().getParseResult().hasMatchedOption("--dtype");
    return isGiven ? Optional.ofNullable(options.dtype().dtype()) : Optional.empty();
  }
}
