package dev.cairn.cli.options;

import dev.cairn.input.FoundInput;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * Whether an output that is there already may be replaced. A replaced folder is deleted with all
 * that is in it, so what no other folder can take the place of is kept, whatever was asked for.
 */
final class ExistingOutput {
  private final Path output;

  ExistingOutput(Path output) {
    this.output = output;
  }

  /**
   * Refuses what may not be replaced.
   *
   * @param isOverwriting whether the user asked for that
   * @param inputs what the command reads; null for what was not given
   * @throws FileAlreadyExistsException with what to do instead
   */
  void require(boolean isOverwriting, Path... inputs) throws IOException {
    if (!Files.exists(output, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!Files.isDirectory(output, LinkOption.NOFOLLOW_LINKS)) {
      throw refusal(
          "is there already and is no folder, but a file or a link; --overwrite replaces folders"
              + " only: give another name");
    }
    if (!isOverwriting) {
      throw refusal("exists already; --overwrite replaces it");
    }
    for (Path input : inputs) {
      if (input != null && holds(input)) {
        throw refusal("--overwrite would delete what is read: " + input + "; give another name");
      }
    }
    if (holds(Path.of(""))) {
      throw refusal("--overwrite would delete the folder that you are in; give another name");
    }
    if (holds(Path.of(System.getProperty("user.home")))) {
      throw refusal("--overwrite would delete your home folder; give another name");
    }
    if (FoundInput.holdsCheckpoints(output)) {
      throw refusal(
          "checkpoints lie in it, which --overwrite would delete; give another name, or delete it"
              + " yourself");
    }
  }

  /** Returns whether something is the output, or lies in it, behind whatever links. */
  private boolean holds(Path other) throws IOException {
    return Files.exists(other) && other.toRealPath().startsWith(output.toRealPath());
  }

  private FileAlreadyExistsException refusal(String reason) {
    return new FileAlreadyExistsException(output.toString(), null, reason);
  }
}
