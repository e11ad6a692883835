package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.options.SaveOptions;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code cairn verify} and {@code cairn verify --sizes-only} on what Cairn saved. */
class VerifyCommandTest {
  @TempDir private Path folder;
  private String model;
  private Path file;

  @BeforeEach
  void save() throws IOException {
    Parameter weight =
        Parameter.of(
            "weight",
            Shape.of(2, 3),
            DType.F32,
            Layout.zero3(),
            Partition.of(ByteBuffer.allocateDirect(6 * Float.BYTES)));
    Path target = folder.resolve("model");
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, SaveOptions.defaults())) {
      checkpointer.save(target, ParameterSet.of(List.of(weight)), ModelFiles.none());
    }
    model = target.toString();
    file = target.resolve("model.safetensors");
  }

  @Test
  void soundFolderIsFineInBothWays() {
    CommandRun full = CommandRun.of("verify", model, "--quiet");
    assertEquals(0, full.exitCode(), full.err());
    assertTrue(full.out().contains("match the checksums in cairn.json"), full.out());
    CommandRun sizes = CommandRun.of("verify", "--sizes-only", model);
    assertEquals(0, sizes.exitCode(), sizes.err());
    assertEquals("fine: every header and length is sound; the data was not read\n", sizes.out());
    assertEquals("", sizes.err());
  }

  @Test
  void flippedBitIsSeenByChecksumsAlone() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
    CommandRun full = CommandRun.of("verify", model, "--quiet");
    assertEquals(1, full.exitCode());
    assertTrue(full.out().startsWith("tensor checksum mismatch: "), full.out());
    CommandRun sizes = CommandRun.of("verify", model, "--sizes-only", "--json");
    assertEquals(0, sizes.exitCode(), sizes.out());
    assertTrue(sizes.out().contains("\"checkedBytes\": 0"), sizes.out());
  }

  @Test
  void cutFileIsSeenInBothWays() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
    for (String option : List.of("--quiet", "--sizes-only")) {
      CommandRun run = CommandRun.of("verify", model, option);
      assertEquals(1, run.exitCode(), option);
      assertTrue(run.out().contains("a safetensors file that is cut short; it has "), run.out());
      assertTrue(run.out().contains("file length mismatch: fileBytes="), run.out());
    }
  }
}
