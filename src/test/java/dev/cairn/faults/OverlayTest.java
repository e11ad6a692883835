package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.support.Group;
import dev.cairn.support.Mounts;
import dev.cairn.support.ReferenceModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints in the lower layer of overlayfs, as in a container's image: no rename moves them. */
@Tag("mount")
@Timeout(60)
class OverlayTest {
  private final Mounts mounts = new Mounts();

  @TempDir Path temporary;
  private Path lower;
  private Path merged;

  @BeforeEach
  void saveIntoTheLowerLayer() throws Exception {
    lower = mounts.layer(temporary);
    save(lower, 1);
    save(lower, 2);
    merged = mounts.overlay(temporary.resolve("merged"), lower);
  }

  @AfterEach
  void unmount() throws Exception {
    mounts.close();
  }

  private static void save(Path parent, long step) throws Exception {
    RunOptions run = RunOptions.in(parent.resolve("run"));
    save(run, step);
  }

  private static void save(RunOptions run, long step) throws Exception {
    assertNull(result(run, step).failure());
  }

  private static Group.Result<SaveReport> result(RunOptions run, long step) throws Exception {
    SaveOptions options = SaveOptions.builder().overwrite(true).stagingBufferBytes(4096).build();
    return Group.run(
            1,
            communicator -> {
              try (Checkpointer checkpointer = Checkpointer.open(communicator, options, run)) {
                return checkpointer.save(
                    step,
                    ReferenceModel.various(1).on(0, 1),
                    ModelFiles.none(),
                    TrainerState.builder().value("step", step).build());
              }
            })
        .get(0);
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void oneIsReplaced() throws Exception {
    save(merged, 2);
    assertEquals(List.of("step_1", "step_2"), names(merged.resolve("run")));
    assertTrue(Files.exists(merged.resolve("run/step_2/COMPLETED")));
    assertTrue(Files.exists(lower.resolve("run/step_2/COMPLETED")));
  }

  @Test
  void oneIsRemovedByRetention() throws Exception {
    save(RunOptions.in(merged.resolve("run")).withKeepLast(2), 3);
    assertEquals(List.of("step_2", "step_3"), names(merged.resolve("run")));
    assertFalse(Files.exists(merged.resolve("run/step_1")));
    assertTrue(Files.exists(lower.resolve("run/step_1/COMPLETED")));
  }

  @Test
  void oneThatCannotBeMovedIsWholeAfterwards() throws Exception {
    Path old = merged.resolve("run/step_2");
    Path held = old.resolve("model.safetensors");
    List<String> before = names(old);
    try (Mounts pins = new Mounts()) {
      pins.mount(held, "--bind", held.toString()); // which nothing can move
      IOException failure = (IOException) result(RunOptions.in(merged.resolve("run")), 2).failure();
      assertTrue(failure.getMessage().contains("busy"), failure.toString());
    }
    assertEquals(List.of("step_1", "step_2"), names(merged.resolve("run")));
    assertEquals(before, names(old));
  }
}
