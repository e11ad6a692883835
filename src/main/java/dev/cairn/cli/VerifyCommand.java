package dev.cairn.cli;

import dev.cairn.hf.ModelFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Checks what a file or folder holds. */
@Command(
    name = "verify",
    description = "Checks a safetensors file or model folder.",
    footer = {"", "Example: cairn verify ~/models/olmo"})
final class VerifyCommand implements Callable<Integer> {
  @Parameters(paramLabel = "PATH", description = "A safetensors file, or a model folder.")
  private Path path;

  @Mixin private OutputOptions speech;

  @Override
  public Integer call() throws IOException {
    try (ModelFolder folder = ModelFolder.open(path)) {
      speech.message(folder.files().size() + " files");
    }
    return ExitCode.FINE;
  }
}
