package dev.cairn.cli;

import dev.cairn.input.FoundInput;
import dev.cairn.input.InputRefusal;
import dev.cairn.input.Links;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What commands that read safetensors alone say of another folder. */
final class SafetensorsInput {
  private SafetensorsInput() {}

  /**
   * Refuses a folder whose weights are not safetensors; says nothing of files, which are told by
   * their first bytes when they are read.
   */
  static void require(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      if (Files.exists(path)) {
        Links.requireReadable(path);
      }
      return;
    }
    if (FoundInput.holdsSafetensors(path)) {
      return;
    }
    FoundInput found = FoundInput.find(path);
    if (found.format() == FoundInput.Format.DEEPSPEED
        || found.format() == FoundInput.Format.TORCH) {
      throw InputRefusal.CHECKPOINT_AS_MODEL.of(path);
    }
    if (!found.path().equals(path)) {
      throw InputRefusal.MODEL_INSIDE.of(path, "model", found.path().toString());
    }
  }
}
