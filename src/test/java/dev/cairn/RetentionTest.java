package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.layout.Layout;
import dev.cairn.machine.Machine;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.FaultyDisk;
import dev.cairn.support.LogLines;
import dev.cairn.support.ReferenceModel;
import dev.cairn.support.WatchedDisk;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which checkpoints of a run are deleted after a save: never the good ones for the bad. */
class RetentionTest {
  @TempDir Path temporary;

  private RunOptions run() {
    return RunOptions.in(temporary.resolve("run"));
  }

  private void save(RunOptions run, long... steps) throws IOException {
    save(run, Disk.local(), steps);
  }

  private static void save(RunOptions run, Disk disk, long... steps) throws IOException {
    SaveOptions options =
        SaveOptions.builder()
            .durability(Durability.FAST)
            .stagingBuffers(1)
            .stagingBufferBytes(4096)
            .build();
    ParameterSet own = new ReferenceModel(7).add("weight", DType.F32, Layout.zero3(), 5).on(0, 1);
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(single, options, Optional.of(run), disk, Machine.local())) {
      checkpointer.latest();
      for (long step : steps) {
        checkpointer.save(step, own, ModelFiles.none(), TrainerState.builder().build());
        if (step == 150) {
          new RunDirectory(run.directory()).keep(run.directory().resolve("step_150"));
        }
      }
    }
  }

  private Optional<Path> latest(RunOptions run) throws IOException {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, SaveOptions.defaults(), run)) {
      return checkpointer.latest().map(Checkpoint::path);
    }
  }

  private List<String> names() throws IOException {
    return new RunDirectory(run().directory())
        .committed().stream().map(entry -> entry.path().getFileName().toString()).toList();
  }

  @Test
  void lastOnesMultiplesAndMarkedOnesStay() throws Exception {
    save(run().withKeepLast(2).withKeepEvery(100), 50, 100, 150, 200, 250, 300, 350, 400);
    assertEquals(
        List.of("step_100", "step_150", "step_200", "step_300", "step_350", "step_400"), names());
  }

  @Test
  void epochsAreCountedApartFromSteps() throws Exception {
    RunOptions epochs = run().withUnit(RunOptions.Unit.EPOCH).withKeepLast(1);
    save(run(), 100, 200);
    save(epochs, 1, 2);
    assertEquals(List.of("epoch_2", "step_100", "step_200"), names());
    Path directory = run().directory().toAbsolutePath();
    assertEquals(Optional.of(directory.resolve("epoch_2")), latest(epochs));
    assertEquals(Optional.of(directory.resolve("step_200")), latest(run()));
    RunDirectory all = new RunDirectory(run().directory());
    assertEquals(
        List.of(directory.resolve("step_100")),
        all.surplus(1, 0).stream().map(RunDirectory.Entry::path).toList());
  }

  @Test
  void runThatGoesBackDoesNotDeleteItsNewCheckpoint() throws Exception {
    save(run(), 100, 200, 300);
    save(run().withKeepLast(1), 120, 150);
    assertEquals(List.of("step_150", "step_200", "step_300"), names());
  }

  @Test
  void checkpointThatWasPassedOverTakesNoPlaceFromAGoodOne() throws Exception {
    save(run(), 1, 2);
    Path file = run().directory().resolve("step_2/model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
    save(run().withKeepLast(2), 3);
    assertEquals(List.of("step_1", "step_2", "step_3"), names());
    save(run().withKeepLast(2), 2, 3); // good again, and so it counts
    assertEquals(List.of("step_2", "step_3"), names());
  }

  @Test
  void checkpointWithACutFileTakesNoPlaceFromAGoodOne() throws Exception {
    save(run(), 1, 2, 3);
    Path file = run().directory().resolve("step_2/model.safetensors");
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 9));
    save(run().withKeepLast(2), 4);
    assertEquals(List.of("step_2", "step_3", "step_4"), names());
    assertEquals(List.of(), new RunDirectory(run().directory()).surplus(2, 0));
  }

  @ParameterizedTest
  @EnumSource(names = {"FORCE", "FORCE_FOLDER"})
  void markOfACheckpointIsForced(FaultyDisk.Call call) throws Exception {
    save(run(), 1);
    FaultyDisk disk = FaultyDisk.failing(call, 0, true, "Input/output error");
    RunDirectory directory = new RunDirectory(run().directory(), disk, Machine.local());
    assertThrows(IOException.class, () -> directory.keep(run().directory().resolve("step_1")));
  }

  @Test
  void oldOneIsRenamedAwayAfterTheCommitAndThenDeleted() throws Exception {
    save(run(), 1);
    List<String> calls = new ArrayList<>();
    WatchedDisk.Watcher watcher =
        new WatchedDisk.Watcher() {
          @Override
          public void begins(String what) {
            if (!what.matches(
                "(list|find|findHere|readAll|openForReading) .*")) { // which change nothing
              calls.add(what);
            }
          }
        };
    save(run().withKeepLast(1), WatchedDisk.local(watcher), 2);
    List<String> last = calls.subList(calls.size() - 4, calls.size());
    assertTrue(last.get(0).matches("rename \\.step_2\\.tmp-[0-9a-f]+ step_2"), last::toString);
    assertEquals(
        List.of("delete owner", "rename step_1 .step_1.gone", "deleteTree .step_1.gone"),
        last.subList(1, 4));
    assertEquals(List.of("step_2"), names());
  }

  /** As the JDK's own iteration of a directory once did. */
  @Test
  void uncheckedFailureOfTheRetentionFailsNoSave() throws Exception {
    save(run(), 1);
    WatchedDisk.Watcher watcher =
        new WatchedDisk.Watcher() {
          private boolean isCommitted;

          @Override
          public void begins(String what) {
            isCommitted |= what.matches("rename \\.step_2\\.tmp-[0-9a-f]+ step_2");
            if (isCommitted && what.equals("list run")) {
              throw new IllegalStateException("directory cannot be listed");
            }
          }
        };
    try (LogLines logged = LogLines.of(RunDirectory.class.getName())) {
      save(run().withKeepLast(1), WatchedDisk.local(watcher), 2);
      assertEquals(List.of("step_1", "step_2"), names());
      assertTrue(
          logged.all().get(0).contains("directory cannot be listed"), logged.all()::toString);
    }
  }

  @Test
  void deletionThatWasInterruptedIsFinishedByTheNext() throws Exception {
    save(run(), 1, 2);
    Path gone = run().directory().resolve(".step_1.gone");
    Files.move(run().directory().resolve("step_1"), gone);
    save(run().withKeepLast(1), 3);
    assertEquals(List.of("step_3"), names());
    assertFalse(Files.exists(gone));
  }

  @Test
  void onlyCheckpointsOfTheDirectoryAreMarkedOrDeleted() throws Exception {
    save(run(), 1);
    Path other = Files.createDirectories(temporary.resolve("precious"));
    RunDirectory directory = new RunDirectory(run().directory());
    for (Path none :
        List.of(
            run().directory().resolve("step_2"),
            temporary.resolve("step_1"),
            other,
            Path.of("/"))) {
      String expected =
          "no committed checkpoint of this run: folder=%s, directory=%s"
              .formatted(none, run().directory());
      IllegalArgumentException unmarked =
          assertThrows(IllegalArgumentException.class, () -> directory.keep(none));
      assertEquals(expected, unmarked.getMessage());
      RunDirectory.Entry entry = new RunDirectory.Entry(none, 2, false);
      IllegalArgumentException undeleted =
          assertThrows(IllegalArgumentException.class, () -> directory.delete(List.of(entry)));
      assertEquals(expected, undeleted.getMessage());
    }
    assertTrue(Files.exists(other));
    Path relative = Path.of("").toAbsolutePath().relativize(run().directory().resolve("step_1"));
    directory.keep(relative);
    assertTrue(directory.committed().get(0).isMarked());
  }

  @Test
  void retentionOfNegativeCountsIsRefused() throws Exception {
    save(run(), 1);
    RunDirectory directory = new RunDirectory(run().directory());
    for (long[] bad : new long[][] {{-1, 0}, {1, -1}}) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class, () -> directory.surplus((int) bad[0], bad[1]));
      assertEquals(
          "bad retention: keepLast=%d, keepEvery=%d, expected 0 or more".formatted(bad[0], bad[1]),
          e.getMessage());
    }
  }

  @Test
  void valuesOfACheckpointThatIsDeletedAreAnErrorAndNotMissing() throws Exception {
    save(run(), 1);
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, SaveOptions.defaults(), run())) {
      Checkpoint first = checkpointer.latest().orElseThrow();
      save(run().withKeepLast(1), 2);
      IOException e = assertThrows(IOException.class, () -> first.longValue("step"));
      assertEquals(
          "there is no checkpoint any more: folder=" + run().directory().resolve("step_1"),
          e.getMessage());
    }
  }

  /** As an evaluation finds it that takes longer than the run, beside it, keeps a checkpoint. */
  @Test
  void checkpointThatIsDeletedWhileItIsVerifiedIsNoReasonToFindNone() throws Exception {
    save(run(), 1);
    AtomicBoolean isDeleted = new AtomicBoolean();
    WatchedDisk.Watcher goesOn =
        new WatchedDisk.Watcher() {
          @Override
          public void begins(String what) {
            if (what.endsWith(" cairn.json") && isDeleted.compareAndSet(false, true)) {
              try {
                save(run(), 2);
                RunDirectory directory = new RunDirectory(run().directory());
                directory.delete(directory.surplus(1, 0));
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            }
          }
        };
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(
                single,
                SaveOptions.defaults(),
                Optional.of(run()),
                WatchedDisk.local(goesOn),
                Machine.local())) {
      assertEquals(
          Optional.of(run().directory().resolve("step_2")),
          checkpointer.latest().map(Checkpoint::path));
    }
  }
}
