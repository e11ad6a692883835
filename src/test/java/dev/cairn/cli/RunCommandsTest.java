package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.RunDirectory;
import dev.cairn.commit.StagedFolder;
import dev.cairn.io.Disk;
import dev.cairn.json.Json;
import dev.cairn.machine.Machine;
import dev.cairn.machine.ProcessIdentity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

  /** Checkpoints that were moved to another disk: what is there is not the run's to delete. */
  @Test
  void ofACheckpointThatIsALinkOnlyTheLinkIsDeleted() throws IOException {
    Path archive = Files.createDirectory(folder.resolve("archive"));
    Path moved = Files.move(run.resolve("step_9"), archive.resolve("step_9"));
    Files.createSymbolicLink(run.resolve("step_9"), moved);
    lines("prune", run.toString(), "--keep-last", "1");
    assertEquals(List.of(".keep-step_10", "notes", "step_10", "step_100", "step_200"), names());
    assertTrue(Files.exists(moved.resolve("model.safetensors")));
  }

  @Test
  void whatIsNoDirectoryIsCalledSo() {
    for (String command : List.of("list", "prune --keep-last 1")) {
      List<String> arguments = new ArrayList<>(List.of(command.split(" ", -1)));
      arguments.add(run.resolve("step_9/model.safetensors").toString());
      CommandRun refused = CommandRun.of(arguments.toArray(String[]::new));
      assertEquals(2, refused.exitCode());
      assertTrue(refused.err().contains("model.safetensors: is no folder; name"), refused.err());
    }
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

  /** Leaves a folder under a hidden name, of a process of this host that has ended or another's. */
  private void leave(String name, String bootId, long startTicks) throws IOException {
    ProcessIdentity self = Machine.local().self();
    Path left = Files.createDirectory(run.resolve(name));
    Files.writeString(left.resolve("model.safetensors"), "weights");
    Files.writeString(
        left.resolve("owner"),
        "cairn-owner 1\n%s\n%s\n%d\n%d\nnew 00ff\n"
            .formatted(bootId, self.namespace(), self.pid(), startTicks));
  }

  private void leaveSome() throws IOException {
    ProcessIdentity self = Machine.local().self();
    leave(".final.tmp-0a", self.bootId(), self.startTicks() + 1);
    leave(".step_7.old-0b", self.bootId(), self.startTicks() + 1);
    leave(".step_8.tmp-0c", "another boot", 1);
    Path mine = Files.createDirectories(run.resolve(".step_8.tmp-0d/state"));
    Files.writeString(mine.resolve("mine"), "123");
    Path empty = Files.createDirectory(run.resolve(".step_8.tmp-0e"));
    Files.write(empty.resolve("owner"), new byte[60]); // of a maker that was killed at that moment
    Files.move(run.resolve("step_9"), run.resolve(".step_9.gone"));
  }

  @Test
  void listSaysWhatLiesThereHowMuchItTakesAndWhatBecomesOfIt() throws IOException {
    leaveSome();
    long pid = ProcessHandle.current().pid();
    long bytes = Files.size(run.resolve(".final.tmp-0a/owner")) + 7;
    long elsewhereBytes = Files.size(run.resolve(".step_8.tmp-0c/owner")) + 7;
    List<String> lines = lines("list", run.toString());
    assertEquals(List.of("step_10  kept for good", "step_20", "step_100"), lines.subList(0, 3));
    String next = "the next save into this directory, or cairn prune, ";
    assertEquals(
        List.of(
            ".final.tmp-0a  %d B, its process %d has ended: %sremoves it"
                .formatted(bytes, pid, next),
            ".step_7.old-0b  %d B, its process %d has ended: %sputs it back"
                .formatted(bytes, pid, next)),
        lines.subList(3, 5));
    assertTrue(
        lines
            .get(5)
            .matches(
                "\\.step_8\\.tmp-0c  %d B, of process %d of another host, boot or container, last sign of life [^ ]+Z: removed once that is silent for 24 hours"
                    .formatted(elsewhereBytes, pid)),
        lines.get(5));
    assertEquals(
        List.of(
            ".step_8.tmp-0d  3 B, without an owner file of Cairn's: stays",
            ".step_8.tmp-0e  60 B, empty, last changed %s: removed once it has not changed for 24 hours"
                .formatted(Files.getLastModifiedTime(run.resolve(".step_8.tmp-0e/owner"))),
            ".step_9.gone  7 B, a deletion that was interrupted: the next save of the run, or cairn"
                + " prune, finishes it"),
        lines.subList(6, 9));
    assertEquals(9, lines.size());
    assertEquals(lines, lines("list", run.toString()), "listing changes nothing");
  }

  @Test
  void listsDocumentHasWhatIsLeftOver() throws IOException {
    leaveSome();
    CommandRun list = CommandRun.of("list", run.toString(), "--json");
    Map<String, Object> json = Json.parseObject(list.out().getBytes(StandardCharsets.UTF_8));
    List<String> seen = new ArrayList<>();
    for (Object each : (List<?>) json.get("leftovers")) {
      Map<?, ?> leftover = (Map<?, ?>) each;
      Path path = Path.of((String) leftover.get("path"));
      boolean isOwned = leftover.get("owner") instanceof Map<?, ?> owner && owner.size() == 4;
      assertTrue(Long.parseLong(leftover.get("bytes").toString()) > 0, path::toString);
      seen.add(path.getFileName() + " " + leftover.get("state") + " " + isOwned);
    }
    assertEquals(
        List.of(
            ".final.tmp-0a abandoned true",
            ".step_7.old-0b abandoned true",
            ".step_8.tmp-0c elsewhere true",
            ".step_8.tmp-0d unknown false",
            ".step_8.tmp-0e empty false",
            ".step_9.gone deleted false"),
        seen);
  }

  @Test
  void listSaysWhoWorksInAFolder() throws IOException {
    Path target = run.resolve("final");
    try (StagedFolder open =
        StagedFolder.create(Disk.local(), Machine.local(), target, false, false)) {
      String line = lines("list", run.toString()).get(4);
      assertTrue(line.startsWith(open.path().getFileName() + "  "), line);
      String says = " B, process " + ProcessHandle.current().pid() + " works in it: stays";
      assertTrue(line.endsWith(says), line);
    }
  }

  @Test
  void pruneSweepsWhatTheDeadHaveLeft() throws IOException {
    leaveSome();
    List<String> before = names();
    assertEquals(
        List.of("would remove .final.tmp-0a", "would put back step_7"),
        lines("prune", run.toString(), "--keep-last=9", "--dry-run"));
    assertEquals(before, names());
    CommandRun prune = CommandRun.of("prune", run.toString(), "--keep-last=9", "--json");
    Map<String, Object> json = Json.parseObject(prune.out().getBytes(StandardCharsets.UTF_8));
    assertEquals(List.of(), json.get("deleted"));
    assertEquals(
        List.of(run.resolve(".final.tmp-0a").toString(), run.resolve(".step_7.old-0b").toString()),
        json.get("swept"));
    List<String> left = new ArrayList<>(before);
    left.removeAll(List.of(".final.tmp-0a", ".step_7.old-0b", ".step_9.gone"));
    left.add("step_7");
    assertEquals(left, names());
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
