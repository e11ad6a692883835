package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.FaultyDisk.Call;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.layout.Layout;
import dev.cairn.machine.Machine;
import dev.cairn.pipeline.StagedFolder;
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

/**
 * A checkpoint takes the place of another: who may take that back, and what is left if one cannot.
 */
@Timeout(30)
class ReplacementTest {
  private static final long STEP = 5;
  private static final ParameterSet OWN =
      new WholeModel(7).add("weight", DType.F32, Layout.zero3(), 5).on(0, 1);

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

  @Test
  void undoThatFailsKeepsTheFirstErrorAndTheOldFolder() throws Exception {
    Path target = Files.createDirectory(run.resolve("model"));
    Files.writeString(target.resolve("weights"), "old");
    FaultyDisk disk =
        FaultyDisk.failing(Call.FORCE_FOLDER, 1, true, "the force failed")
            .over(FaultyDisk.failing(Call.EXCHANGE, 1, true, "the undo failed"));
    IOException failure =
        assertThrows(
            IOException.class,
            () -> {
              try (StagedFolder staged =
                  StagedFolder.create(disk, Machine.local(), target, true, true)) {
                staged.publish("whole", true);
              }
            });
    assertTrue(failure.getMessage().contains("the force failed"), failure.getMessage());
    assertTrue(failure.getMessage().contains("the undo failed"), failure.getMessage());
    List<String> hidden = names().stream().filter(name -> name.startsWith(".model.tmp-")).toList();
    assertEquals(1, hidden.size(), "the old folder is gone");
    assertEquals("old", Files.readString(run.resolve(hidden.get(0)).resolve("weights")));
    assertTrue(failure.getMessage().contains(hidden.get(0)), failure.getMessage());
  }
}
