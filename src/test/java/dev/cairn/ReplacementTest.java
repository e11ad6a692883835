package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.commit.AbandonedFolders;
import dev.cairn.commit.StagedFolder;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.layout.Layout;
import dev.cairn.machine.Machine;
import dev.cairn.machine.ProcessIdentity;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.FaultyDisk;
import dev.cairn.support.FaultyDisk.Call;
import dev.cairn.support.OtherProcess;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A checkpoint takes the place of another: who may take that back, and what is left if one cannot.
 */
@Timeout(30)
class ReplacementTest {
  private static final long STEP = 5;
  private static final ParameterSet OWN =
      new ReferenceModel(7).add("weight", DType.F32, Layout.zero3(), 5).on(0, 1);

  @TempDir Path temporary;
  private Path run;

  @BeforeEach
  void makeTheRun() throws IOException {
    run = Files.createDirectory(temporary.resolve("run"));
  }

  private Checkpointer open(Communicator single, Disk disk, Machine machine) {
    SaveOptions options =
        SaveOptions.builder()
            .durability(Durability.FAST)
            .stagingBuffers(1)
            .stagingBufferBytes(4096)
            .build();
    return Checkpointer.open(single, options, Optional.of(RunOptions.in(run)), disk, machine);
  }

  private Void save(Disk disk) throws IOException {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = open(single, disk, Machine.local())) {
      checkpointer.save(STEP, OWN, ModelFiles.none(), TrainerState.builder().build());
    }
    return null;
  }

  private Optional<Long> latest(Machine machine) throws IOException {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = open(single, Disk.local(), machine)) {
      return checkpointer.latest().map(Checkpoint::step);
    }
  }

  private List<String> names() throws IOException {
    try (var paths = Files.list(run)) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  /** Where folders cannot be exchanged, the old one is away before the new one is there. */
  @Test
  void whatALivingProcessReplacesIsNotPutBackByWhoLooksForTheLatest() throws Exception {
    save(Disk.local());
    CountDownLatch gate = new CountDownLatch(1);
    FaultyDisk disk = FaultyDisk.waiting(Call.RENAME, 1, false, gate);
    ExecutorService threads = Executors.newSingleThreadExecutor();
    try {
      Future<Void> replacing = threads.submit(() -> save(disk));
      while (!disk.failed()) {
        Thread.sleep(1);
      }
      Optional<Long> seen = latest(OtherProcess.ofPid(1));
      gate.countDown();
      replacing.get();
      assertEquals(Optional.empty(), seen);
      assertEquals(List.of("step_5"), names());
    } finally {
      gate.countDown();
      threads.shutdownNow();
    }
  }

  private Path old() throws IOException {
    Path target = Files.createDirectory(run.resolve("model"));
    Files.writeString(target.resolve("weights"), "old");
    return target;
  }

  private static IOException failure(FaultyDisk disk, Path target) {
    return assertThrows(
        IOException.class,
        () -> {
          try (StagedFolder staged =
              StagedFolder.create(disk, Machine.local(), target, true, true)) {
            staged.publish("whole", true);
          }
        });
  }

  private void assertSays(IOException failure, String... parts) {
    for (String part : parts) {
      assertTrue(failure.getMessage().contains(part), failure.getMessage());
    }
  }

  private Path onlyHidden(String prefix) throws IOException {
    List<String> hidden = names().stream().filter(name -> name.startsWith(prefix)).toList();
    assertEquals(1, hidden.size(), "the old folder is gone");
    return run.resolve(hidden.get(0));
  }

  @Test
  void undoThatFailsKeepsTheFirstErrorAndTheOldFolder() throws Exception {
    Path target = old();
    IOException failure =
        failure(
            FaultyDisk.failing(Call.FORCE_FOLDER, 1, true, "the force failed")
                .over(FaultyDisk.failing(Call.EXCHANGE, 1, true, "the undo failed")),
            target);
    Path hidden = onlyHidden(".model.tmp-");
    assertEquals("old", Files.readString(hidden.resolve("weights")));
    assertSays(
        failure,
        "the force failed",
        "the undo failed",
        "the new folder at " + target,
        "the old folder at " + hidden);
  }

  @Test
  void oldFolderThatCouldNotBePutBackIsPutBackByTheNextSave() throws Exception {
    Path target = old();
    IOException failure =
        failure(
            FaultyDisk.failing(Call.RENAME, 1, false, "the rename failed")
                .over(FaultyDisk.failing(Call.RENAME, 1, false, "the undo failed")),
            target);
    Path hidden = onlyHidden(".model.old-");
    assertSays(
        failure,
        "the rename failed",
        "the undo failed",
        "nothing at " + target,
        "the old folder at " + hidden);
    StagedFolder.create(Disk.local(), Machine.local(), run.resolve("other"), false, false).close();
    assertEquals(List.of("model"), names());
    try (var files = Files.list(target)) {
      assertEquals(List.of(target.resolve("weights")), files.toList());
    }
  }

  @ParameterizedTest
  @CsvSource({"EXCHANGE,0,true", "RENAME,0,false", "RENAME,1,false"})
  void moveThatIsDoneThoughItIsSaidToHaveFailedIsTakenBack(Call call, int nth, boolean canExchange)
      throws Exception {
    Path target = old();
    assertSays(failure(FaultyDisk.failing(call, nth, canExchange, "lost").late(), target), "lost");
    assertEquals(List.of("model"), names());
    try (var files = Files.list(target)) {
      assertEquals(List.of(target.resolve("weights")), files.toList());
    }
  }

  @Test
  void newFolderWhoseRenameIsSaidToHaveFailedIsTakenBack() throws Exception {
    Path target = run.resolve("model");
    assertSays(failure(FaultyDisk.failing(Call.RENAME, 0, true, "lost").late(), target), "lost");
    assertEquals(List.of(), names());
  }

  /** Who deletes what was replaced knows that its successor has its name for good. */
  @Test
  void replacedFolderStaysWhileItsSuccessorsNameMayBeLost() throws Exception {
    old();
    Path replaced = run.resolve(".model.tmp-00ff");
    Files.createDirectory(replaced);
    Files.writeString(replaced.resolve("COMPLETED"), "whole");
    ProcessIdentity dead = OtherProcess.ofPid(ProcessHandle.current().pid()).self();
    Files.writeString(
        replaced.resolve("owner"),
        "cairn-owner 1\n%s\n%s\n%d\n%d\nold 00ff\n"
            .formatted(dead.bootId(), dead.namespace(), dead.pid(), dead.startTicks()));
    FaultyDisk disk = FaultyDisk.failing(Call.FORCE_FOLDER, 0, true, "Input/output error");
    AbandonedFolders leftovers = new AbandonedFolders(disk, Machine.local(), run);
    assertEquals(List.of(), leftovers.sweep());
    assertEquals(List.of(".model.tmp-00ff", "model"), names());
    assertEquals(1, leftovers.sweep().size());
    assertEquals(List.of("model"), names());
  }
}
