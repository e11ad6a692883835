package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.Finding;
import dev.cairn.hf.FolderCheck;
import dev.cairn.hf.ModelFiles;
import dev.cairn.kernels.Kernels;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A thousand random bits of a checkpoint, flipped one at a time: each is found. */
@Tag("faults")
class FlipTest {
  private static final int FLIPS = 1000;

  @TempDir Path temporary;

  private static List<Finding> check(Path folder) throws IOException {
    return FolderCheck.check(
        folder, Kernels.best()::crc32c, ByteBuffer.allocateDirect(1 << 16), bytes -> {});
  }

  @Test
  void everyFlippedBitIsFound() throws Exception {
    Path folder = temporary.resolve("run/step_1");
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(
                single, SaveOptions.defaults(), RunOptions.in(temporary.resolve("run")))) {
      TrainerState.Builder state = TrainerState.builder().value("step", 1L);
      WholeModel.various(1).on(0, 1).parameters().forEach(state::tensor);
      checkpointer.save(1, WholeModel.various(1).on(0, 1), ModelFiles.none(), state.build());
    }
    assertEquals(List.of(), check(folder));
    List<Path> files;
    try (var paths = Files.walk(folder)) {
      files =
          paths
              .filter(Files::isRegularFile)
              // its text means nothing: that it is there, and not empty, is what counts
              .filter(path -> !path.endsWith("COMPLETED"))
              .sorted()
              .toList();
    }
    Random random = new Random(5);
    for (int flip = 0; flip < FLIPS; flip++) {
      Path file = files.get(random.nextInt(files.size()));
      byte[] bytes = Files.readAllBytes(file);
      int bit = random.nextInt(bytes.length * 8);
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(file, bytes);
      assertFalse(check(folder).isEmpty(), "bit " + bit + " of " + file);
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(file, bytes);
    }
    assertEquals(List.of(), check(folder));
  }
}
