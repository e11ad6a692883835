package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.RunDirectory;
import dev.cairn.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code cairn list} and {@code cairn prune}. */
class RunCommandsTest {
  @TempDir private Path folder;
  private Path run;

  @BeforeEach
  void makeARun() throws IOException {
    run = Files.createDirectory(folder.resolve("run"));
    for (int step : new int[] {9, 10, 100, 20}) {
      Path checkpoint = Files.createDirectory(run.resolve("step_" + step));
      Files.writeString(checkpoint.resolve("COMPLETED"), "");
      Files.writeString(checkpoint.resolve("model.safetensors"), "weights");
    }
    Files.createDirectory(run.resolve("step_200")); // not committed
    Files.createDirectory(run.resolve("notes"));
    new RunDirectory(run).keep(run.resolve("step_10"));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> paths = Files.list(run)) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  private static List<String> lines(String... arguments) {
    CommandRun run = CommandRun.of(arguments);
    assertEquals(0, run.exitCode(), run.err());
    assertEquals("", run.err());
    return run.out().lines().toList();
  }

  @Test
  void listNamesWhatIsCommittedInOrderOfNumbers() {
    assertEquals(
        List.of("step_9", "step_10  kept for good", "step_20", "step_100"),
        lines("list", run.toString()));
  }

  @Test
  void listOfAnEmptyDirectoryIsEmpty() throws IOException {
    assertEquals(List.of(), lines("list", Files.createDirectory(folder.resolve("new")).toString()));
  }

  @Test
  void listsDocumentHasPathsNumbersAndMarks() throws IOException {
    CommandRun list = CommandRun.of("list", run.toString(), "--json");
    Map<String, Object> json = Json.parseObject(list.out().getBytes(StandardCharsets.UTF_8));
    List<?> checkpoints = (List<?>) json.get("checkpoints");
    assertEquals(4, checkpoints.size());
    Map<?, ?> second = (Map<?, ?>) checkpoints.get(1);
    assertEquals(run.resolve("step_10").toString(), second.get("path"));
    assertEquals("10", second.get("number").toString());
    assertEquals(true, second.get("marked"));
    assertEquals(false, ((Map<?, ?>) checkpoints.get(0)).get("marked"));
  }

  @Test
  void pruneDeletesAllButTheNewestAndTheMarked() throws IOException {
    assertEquals(
        List.of("deleted step_9", "deleted step_20"),
        lines("prune", run.toString(), "--keep-last", "1"));
    assertEquals(List.of(".keep-step_10", "notes", "step_10", "step_100", "step_200"), names());
  }

  @Test
  void dryRunDeletesNothing() throws IOException {
    List<String> before = names();
    assertEquals(
        List.of("would delete step_9"),
        lines("prune", run.toString(), "--keep-last=2", "--dry-run"));
    CommandRun json =
        CommandRun.of("prune", run.toString(), "--keep-last=2", "--dry-run", "--json");
    Map<String, Object> tree = Json.parseObject(json.out().getBytes(StandardCharsets.UTF_8));
    assertEquals(1, ((List<?>) tree.get("wouldDelete")).size());
    assertEquals(before, names());
  }

  @Test
  void nothingSurplusIsFine() throws IOException {
    List<String> before = names();
    assertEquals(List.of(), lines("prune", run.toString(), "--keep-last=4"));
    assertEquals(before, names());
  }

  @ParameterizedTest
  @ValueSource(strings = {"--keep-last=0", "--keep-last=-1", "--keep-last=all", "--dry-run"})
  void wrongRetentionDeletesNothing(String option) throws IOException {
    List<String> before = names();
    CommandRun prune = CommandRun.of("prune", run.toString(), option);
    assertEquals(2, prune.exitCode(), prune.err());
    assertTrue(prune.err().contains("keep-last"), prune.err());
    assertEquals(before, names());
  }

  @Test
  void directoryThatIsNotThereIsWrongUsage() {
    String gone = folder.resolve("gone").toString();
    assertEquals(2, CommandRun.of("list", gone).exitCode());
    CommandRun prune = CommandRun.of("prune", gone, "--keep-last=1");
    assertEquals(2, prune.exitCode());
    assertEquals("cairn prune: no such file or folder: " + gone + "\n", prune.err());
  }
}
