package dev.cairn.cli.options;

import dev.cairn.cli.text.Messages;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.files.SmallFiles;
import dev.cairn.hf.fit.ConfigChanges;
import dev.cairn.hf.generation.GenerationConfigCopy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
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

  @Option(
      names = "--verbose",
      description = "Say which of the base's files are left behind, and why.")
  private boolean verbose;

  /** Says what is not taken of a base's folder, if that is wanted. */
  public void sayWhatIsLeft(Path base, OutputOptions speech) throws IOException {
    if (verbose) {
      SmallFiles.of(base)
          .left()
          .forEach(
              (path, reason) ->
                  speech.message(Messages.printable("left behind: " + path + " (" + reason + ")")));
    }
  }

  /**
   * Says which other element type the base's config had; a save says by itself what else changed.
   */
  public void sayDtype(Path base, Path output, OutputOptions speech) throws IOException {
    Optional<ModelConfig> before = ModelConfig.find(base);
    Optional<ModelConfig> after = ModelConfig.find(output);
    if (before.isPresent() && after.isPresent()) {
      ConfigChanges.between(before.get().tree(), after.get().tree()).stream()
          .filter(change -> ConfigChanges.isOfDtype(change) && change.contains(", was "))
          .forEach(change -> speech.message(Messages.printable("config.json: " + change)));
    }
  }

  /** Returns what is done with the base's generation config. */
  public GenerationConfigCopy generationConfig() {
    return generationConfig;
  }
}
