package dev.cairn.deepspeed;

import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.TorchSave;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What Jazzer drives with one file of a save: a master of a universal checkpoint, a layer of a
 * pipeline, or the model states of a save that has no more. The folder is opened, or refused.
 */
public final class FolderFuzz {
  private static final Path UNIVERSAL = folder("zero/w/fp32.pt");
  private static final Path PIPELINE = folder("layer_01-model_states.pt");
  private static final Path WHOLE = folder("mp_rank_00_model_states.pt");

  private FolderFuzz() {}

  /** Makes the folder of a save, and returns where the file in question lies in it. */
  private static Path folder(String file) {
    try {
      Path save = Files.createTempDirectory("fuzz").resolve("global_step3");
      Path attacked = save.resolve(file);
      Files.createDirectories(attacked.getParent());
      if (file.startsWith("zero")) {
        TorchSave.save(
            save.resolve("zero/v/fp32.pt"), Map.of("param", TorchSave.tensor("0", DType.F32, 3)));
      } else if (file.startsWith("layer")) {
        TorchSave.save(
            save.resolve("layer_00-model_states.pt"),
            Map.of("v", TorchSave.tensor("0", DType.F32, 3)));
      }
      return attacked;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    open(UNIVERSAL, UNIVERSAL.getParent().getParent().getParent(), input);
    open(PIPELINE, PIPELINE.getParent(), input);
    open(WHOLE, WHOLE.getParent(), input);
  }

  private static void open(Path file, Path save, byte[] input) throws IOException {
    Files.write(file, input);
    try {
      DeepSpeedCheckpoint.open(save).parameters();
    } catch (CorruptFileException e) {
      if (e.getMessage().indexOf('\n') >= 0) {
        throw new IllegalStateException("message of several lines", e);
      }
    }
  }
}
