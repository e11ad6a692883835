package dev.cairn.cli.options;

import dev.cairn.hf.generation.GenerationConfigCopy;
import picocli.CommandLine.Option;

/** The options of commands that copy what a base model has beside its weights. */
public final class BaseModelOptions {
  @Option(
      names = "--generation-config",
      defaultValue = "copy",
      paramLabel = "refuse|copy|skip",
      description =
          "What to do with the base's generation config: copy it, with a warning if transformers"
              + " would refuse to save it; refuse it then; or leave it out (default:"
              + " ${DEFAULT-VALUE}).")
  private GenerationConfigCopy generationConfig;

  /** Returns what is done with the base's generation config. */
  public GenerationConfigCopy generationConfig() {
    return generationConfig;
  }
}
