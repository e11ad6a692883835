package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.support.Group;
import dev.cairn.support.Mounts;
import dev.cairn.support.ReferenceModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A small file system of our own, which is full at every point of a save, or read-only. */
@Tag("faults")
@Tag("mount")
@Timeout(60)
class FullDiskTest {
  private static final int WORLD_SIZE = 2;
  private static final int PAGE_BYTES = 4096;
  private static final int PAGES = 64;

  @TempDir Path temporary;
  private final Mounts mounts = new Mounts();
  private Path mounted;

  @BeforeEach
  void mount() throws Exception {
    mounted = mounts.tmpfs(temporary.resolve("disk"), PAGES * PAGE_BYTES);
  }

  @AfterEach
  void unmount() throws Exception {
    mounts.close();
  }

  private List<Group.Result<SaveReport>> save(SaveMode mode, long step) throws Exception {
    SaveOptions options =
        SaveOptions.builder().mode(mode).maxShardBytes(400).stagingBufferBytes(4096).build();
    TrainerState.Builder state = TrainerState.builder().value("step", step);
    return Group.run(
        WORLD_SIZE,
        communicator -> {
          try (Checkpointer checkpointer =
              Checkpointer.open(communicator, options, RunOptions.in(mounted.resolve("run")))) {
            return checkpointer.save(
                step,
                ReferenceModel.various(WORLD_SIZE).on(communicator.rank(), WORLD_SIZE),
                ModelFiles.none(),
                state.build());
          }
        });
  }

  private List<String> names() throws IOException {
    try (var paths = Files.list(mounted.resolve("run"))) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = SaveMode.class,
      names = {"GATHER", "PARALLEL"})
  void diskThatIsFullAtAnyPointLeavesWhatWasThere(SaveMode mode) throws Exception {
    save(mode, 1).forEach(result -> assertNull(result.failure()));
    Path filler = mounted.resolve("filler");
    Set<String> reasons = new HashSet<>();
    int freePages = 0;
    for (boolean failed = true; failed; freePages++) {
      Files.deleteIfExists(filler);
      long free = Files.getFileStore(mounted).getUsableSpace() - (long) freePages * PAGE_BYTES;
      Files.write(filler, new byte[(int) free]);
      List<Group.Result<SaveReport>> results = save(mode, 2);
      failed = results.get(0).failure() != null;
      for (Group.Result<SaveReport> result : results) {
        if (failed) {
          CheckpointException e = assertInstanceOf(CheckpointException.class, result.failure());
          assertEquals(0, e.rank());
          assertTrue(e.getMessage().contains("No space left on device"), e.getMessage());
          reasons.add(e.getMessage().replaceAll("tmp-[0-9a-f]*", "tmp"));
        }
      }
      assertEquals(failed ? List.of("step_1") : List.of("step_1", "step_2"), names());
    }
    assertTrue(reasons.size() > 6, () -> "the disk was full at " + reasons);
    assertTrue(
        reasons.stream().anyMatch(reason -> reason.contains(".safetensors"))
            && reasons.stream().anyMatch(reason -> reason.contains("cairn.json"))
            && reasons.stream().anyMatch(reason -> reason.contains("trainer.json")),
        reasons::toString);
  }

  @Test
  void readOnlyTargetIsNamedAndALaterSaveSucceeds() throws Exception {
    save(SaveMode.PARALLEL, 1).forEach(result -> assertNull(result.failure()));
    Mounts.remount(mounted, "ro");
    for (Group.Result<SaveReport> result : save(SaveMode.PARALLEL, 2)) {
      CheckpointException e = assertInstanceOf(CheckpointException.class, result.failure());
      assertEquals(0, e.rank());
      assertTrue(e.getMessage().contains("Read-only file system"), e.getMessage());
      assertTrue(e.getMessage().contains(mounted.toString()), e.getMessage());
    }
    assertEquals(List.of("step_1"), names());
    Mounts.remount(mounted, "rw");
    save(SaveMode.PARALLEL, 2).forEach(result -> assertNull(result.failure()));
    assertEquals(List.of("step_1", "step_2"), names());
  }
}
