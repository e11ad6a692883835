package dev.cairn.torchfile;

import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** What Jazzer drives with the index of torch's shards; one sound shard lies beside it. */
public final class ShardsFuzz {
  private static final Path FOLDER = folder();

  private ShardsFuzz() {}

  private static Path folder() {
    try {
      Path folder = Files.createTempDirectory("fuzz");
      TorchSave.save(
          folder.resolve("pytorch_model-00001-of-00001.bin"),
          Map.of("w", TorchSave.tensor("0", DType.F32, 4)));
      return folder;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    Files.write(FOLDER.resolve("pytorch_model.bin.index.json"), input);
    try {
      TorchModel.open(FOLDER);
    } catch (CorruptFileException e) {
      if (e.getMessage().indexOf('\n') >= 0) {
        throw new IllegalStateException("message of several lines", e);
      }
    }
  }
}
