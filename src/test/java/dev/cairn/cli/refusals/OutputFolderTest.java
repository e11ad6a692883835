package dev.cairn.cli.refusals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.cli.CommandRun;
import dev.cairn.cli.Fixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code --overwrite} never deletes. */
class OutputFolderTest {
  @TempDir private Path folder;
  private Path checkpoint;

  @BeforeEach
  void copyACheckpoint() throws IOException {
    Files.createDirectory(folder.resolve("runs"));
    checkpoint = Fixture.of("a_z3_w2_llama").copyTo(folder.resolve("runs/llama"));
  }

  private CommandRun consolidate(Path output, String... options) {
    List<String> command = new ArrayList<>(List.of("consolidate", checkpoint.toString()));
    command.addAll(List.of(output.toString(), "--overwrite"));
    command.addAll(List.of(options));
    return CommandRun.of(command.toArray(String[]::new));
  }

  private Map<Path, Long> everything() throws IOException {
    Map<Path, Long> lengths = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.toList()) {
        boolean isFile = Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
        lengths.put(path, isFile ? Files.size(path) : -1);
      }
    }
    return lengths;
  }

  private void assertRefused(String expected, CommandRun run, Map<Path, Long> before)
      throws IOException {
    assertEquals(2, run.exitCode(), run.err());
    assertTrue(run.err().contains(expected), run.err());
    assertEquals(before, everything());
  }

  @ParameterizedTest
  @ValueSource(strings = {"runs/llama", "runs/llama/", "runs", "runs/llama/../llama", "."})
  void folderThatHoldsTheInputIsNotReplaced(String output) throws IOException {
    Map<Path, Long> before = everything();
    assertRefused(
        "--overwrite would delete what is read: " + checkpoint,
        consolidate(folder.resolve(output)),
        before);
  }

  @Test
  void linkToTheInputIsSeenThrough() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("runs"));
    Map<Path, Long> before = everything();
    assertRefused("would delete what is read", consolidate(link.resolve("llama")), before);
  }

  @Test
  void baseModelIsNotReplaced() throws IOException {
    Path base = Files.createDirectory(folder.resolve("base"));
    Files.copy(
        Fixture.of("a_z3_w2_llama").folder().resolve("config.json"), base.resolve("config.json"));
    Map<Path, Long> before = everything();
    assertRefused(
        "would delete what is read: " + base, consolidate(base, "--hf", base.toString()), before);
  }

  @Test
  void neitherOfWhatIsMergedIsReplaced() throws IOException {
    Path base = Files.createDirectory(folder.resolve("base"));
    Path adapter = Files.createDirectory(folder.resolve("adapter"));
    Map<Path, Long> before = everything();
    for (Path output : List.of(base, adapter)) {
      CommandRun run =
          CommandRun.of(
              "merge-lora",
              "--overwrite",
              "--base",
              base.toString(),
              "--adapter",
              adapter.toString(),
              "--output",
              output.toString());
      assertRefused("would delete what is read: " + output, run, before);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"global_step3", ""})
  void folderOfOtherCheckpointsIsNotReplaced(String part) throws IOException {
    Path other = Fixture.of("a_z3_w2_llama").copyTo(folder.resolve("other"));
    Map<Path, Long> before = everything();
    assertRefused("checkpoints lie in it", consolidate(other.resolve(part)), before);
  }

  @Test
  void runOfCheckpointsIsNotReplaced() throws IOException {
    Path step = Files.createDirectories(folder.resolve("run/step_10"));
    Files.writeString(step.resolve("COMPLETED"), "");
    Map<Path, Long> before = everything();
    assertRefused("checkpoints lie in it", consolidate(folder.resolve("run")), before);
  }

  @Test
  void whatIsNoFolderIsNotReplaced() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "mine");
    Path link = Files.createSymbolicLink(folder.resolve("dangling"), folder.resolve("nowhere"));
    Map<Path, Long> before = everything();
    for (Path output : List.of(file, link)) {
      assertRefused("--overwrite replaces folders only", consolidate(output), before);
      CommandRun run = CommandRun.of("consolidate", checkpoint.toString(), output.toString());
      assertRefused("is there already and is no folder", run, before);
    }
  }

  @Test
  void emptyPathIsWrongUsage() {
    for (String[] command :
        List.of(
            new String[] {"consolidate", checkpoint.toString(), ""},
            new String[] {"consolidate", "", folder.resolve("out").toString()},
            new String[] {"inspect", ""},
            new String[] {"demo", "--output", ""})) {
      CommandRun run = CommandRun.of(command);
      assertEquals(2, run.exitCode(), run.err());
      assertTrue(run.err().contains("a path is empty"), run.err());
    }
  }

  @Test
  void modelInsideTheCheckpointIsMadeAndReplaced() throws IOException {
    Path output = checkpoint.resolve("model");
    for (int run = 0; run < 2; run++) {
      CommandRun fine = consolidate(output);
      assertEquals(0, fine.exitCode(), fine.err());
    }
    assertTrue(Files.exists(checkpoint.resolve("latest")));
    assertTrue(Files.exists(output.resolve("COMPLETED")));
  }
}
