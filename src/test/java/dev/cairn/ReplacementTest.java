package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.FaultyDisk.Call;
import dev.cairn.machine.Machine;
import dev.cairn.pipeline.StagedFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A checkpoint takes the place of another: who may take that back, and what is left if one cannot.
 */
@Timeout(30)
class ReplacementTest {
  @TempDir Path temporary;
  private Path run;

  @BeforeEach
  void makeTheRun() throws IOException {
    run = Files.createDirectory(temporary.resolve("run"));
  }

  private List<String> names() throws IOException {
    try (var paths = Files.list(run)) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
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
