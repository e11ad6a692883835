package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.Finding;
import dev.cairn.hf.FolderCheck;
import dev.cairn.hf.ModelFiles;
import dev.cairn.kernels.Kernels;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.LogLines;
import dev.cairn.support.ReferenceModel;
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
class BitFlipTest {
  private static final int FLIPS = 1000;
  private static final int FLIPS_FOR_LATEST = 50;

  @TempDir Path temporary;

  private static List<Finding> check(Path folder) throws IOException {
    return FolderCheck.check(
        folder, Kernels.best()::crc32c, ByteBuffer.allocateDirect(1 << 16), bytes -> {});
  }

  private RunOptions run() {
    return RunOptions.in(temporary.resolve("run"));
  }

  private Path save(long step) throws IOException {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, SaveOptions.defaults(), run())) {
      TrainerState.Builder state = TrainerState.builder().value("step", step);
      ReferenceModel.various(1).on(0, 1).parameters().forEach(state::tensor);
      ParameterSet own = ReferenceModel.various(1).on(0, 1);
      return checkpointer.save(step, own, ModelFiles.none(), state.build()).folder();
    }
  }

  private interface Check {
    void run(String flip) throws IOException;
  }

  /** Flips one bit at a time of any file, calls the check and flips it back. */
  private static void flip(Path folder, int flips, Check check) throws IOException {
    List<Path> files;
    try (var paths = Files.walk(folder)) {
      files = paths.filter(Files::isRegularFile).sorted().toList();
    }
    Random random = new Random(5);
    for (int flip = 0; flip < flips; flip++) {
      Path file = files.get(random.nextInt(files.size()));
      byte[] bytes = Files.readAllBytes(file);
      int bit = random.nextInt(bytes.length * 8);
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(file, bytes);
      check.run("bit " + bit + " of " + file);
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(file, bytes);
    }
  }

  @Test
  void everyFlippedBitIsFound() throws Exception {
    Path folder = save(1);
    assertEquals(List.of(), check(folder));
    flip(folder, FLIPS, flip -> assertFalse(check(folder).isEmpty(), flip));
    assertEquals(List.of(), check(folder));
  }

  @Test
  void latestPassesOverACheckpointWithAFlippedBitAndSaysSoInOneLine() throws Exception {
    save(1);
    Path folder = save(2);
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, SaveOptions.defaults(), run())) {
      flip(
          folder,
          FLIPS_FOR_LATEST,
          flip -> {
            try (LogLines logged = LogLines.of("dev.cairn.LatestCheckpoint")) {
              assertEquals(1, checkpointer.latest().orElseThrow().step(), flip);
              assertEquals(1, logged.all().size(), flip);
              String line = logged.all().get(0);
              assertTrue(line.startsWith("checkpoint passed over: folder=" + folder + ", "), line);
            }
          });
      assertEquals(2, checkpointer.latest().orElseThrow().step());
    }
  }
}
