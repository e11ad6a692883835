package dev.cairn.cli.refusals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.cli.CommandRun;
import dev.cairn.cli.Fixture;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code cairn consolidate} does not do: one line, the right status, nothing left behind. */
class ConsolidateRefusalsTest {
  private static final String OPTIMIZER = "bf16_zero_pp_rank_1_mp_rank_00_optim_states.pt";
  private static final String MODEL = "zero_pp_rank_1_mp_rank_00_model_states.pt";

  @TempDir private Path folder;
  private Path checkpoint;

  @BeforeEach
  void copyACheckpoint() throws IOException {
    checkpoint = Fixture.of("a_z3_w2_llama").copyTo(folder.resolve("in"));
  }

  private void assertRefused(int exitCode, String message, String... options) throws IOException {
    String[] arguments =
        Stream.concat(
                Stream.of("consolidate", checkpoint.toString(), folder.resolve("out").toString()),
                Stream.of(options))
            .toArray(String[]::new);
    CommandRun run = CommandRun.of(arguments);
    assertEquals(exitCode, run.exitCode(), run.err());
    assertTrue(run.err().contains(message), run.err());
    assertTrue(run.err().startsWith("cairn consolidate: "), run.err());
    assertEquals(exitCode == 2 && run.err().contains("--help") ? 2 : 1, run.err().lines().count());
    assertEquals("", run.out());
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of("in"), left.map(path -> path.getFileName().toString()).toList());
    }
  }

  private Path saved(String file) {
    return checkpoint.resolve("global_step3").resolve(file);
  }

  @ParameterizedTest
  @ValueSource(strings = {OPTIMIZER, MODEL})
  void missingFileOfARankIsBadInput(String file) throws IOException {
    Files.delete(saved(file));
    assertRefused(1, "file of rank 1 is missing");
  }

  @ParameterizedTest
  @ValueSource(strings = {OPTIMIZER, MODEL})
  void shortenedFileIsBadInput(String file) throws IOException {
    try (FileChannel channel = FileChannel.open(saved(file), StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() - 1000);
    }
    assertRefused(1, file);
  }

  @Test
  void fileThatIsNoneOfTorchsIsBadInput() throws IOException {
    Files.writeString(saved(MODEL), "no zip");
    assertRefused(1, MODEL);
  }

  @Test
  void folderThatIsNoCheckpointIsBadInput() throws IOException {
    checkpoint = Files.createDirectories(checkpoint.resolve("other"));
    Files.writeString(checkpoint.resolve("notes.txt"), "nothing");
    assertRefused(1, "a folder without a checkpoint that is known here: notes.txt: path=");
  }

  @Test
  void oneSavesFolderWithoutOptimizerStatesIsToldApart() throws IOException {
    checkpoint = checkpoint.resolve("global_step3");
    Files.delete(checkpoint.resolve(OPTIMIZER));
    Files.delete(checkpoint.resolve(OPTIMIZER.replace("rank_1", "rank_0")));
    assertRefused(1, "ZeRO-3 model states without *_optim_states.pt: path=");
  }

  @Test
  void unknownTagIsBadInput() throws IOException {
    assertRefused(1, "no folder named global_step4: path=", "--tag", "global_step4");
  }

  @Test
  void checkpointThatIsNotThereIsWrongUsage() throws IOException {
    checkpoint = folder.resolve("gone");
    assertRefused(2, "no such file or folder: " + checkpoint);
  }

  @Test
  void baseModelThatIsNotThereIsWrongUsage() throws IOException {
    String gone = folder.resolve("gone").toString();
    assertRefused(2, gone + ": no such folder", "--hf", gone);
  }

  @Test
  void unknownAttributeIsWrongUsage() throws IOException {
    assertRefused(2, "policy", "--attribute", "policy");
  }

  @Test
  void nothingToSaveIsWrongUsage() throws IOException {
    assertRefused(2, "attribute", "--attribute", "lm_head.weight");
  }

  @ParameterizedTest
  @CsvSource({
    "--dtype=i8, --dtype",
    "--threads=0, threads=0",
    "--threads=-3, threads=-3",
    "--threads=many, --threads",
    "--max-shard-size=0, 0",
    "--max-shard-size=50XB, 50XB",
    "--tag=../in, ../in",
    "--unknown, --unknown"
  })
  void wrongValueIsWrongUsage(String option, String message) throws IOException {
    assertRefused(option.startsWith("--tag") ? 1 : 2, message, option);
  }

  @Test
  void outputBelowAFileIsADiskFailure() throws IOException {
    CommandRun run =
        CommandRun.of(
            "consolidate", checkpoint.toString(), checkpoint.resolve("latest/out").toString());
    assertEquals(3, run.exitCode(), run.err());
    assertTrue(run.err().contains(checkpoint.resolve("latest").toString()), run.err());
  }
}
