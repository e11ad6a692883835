package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpointer;
import dev.cairn.Checkpointers;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.support.FaultyDisk;
import dev.cairn.support.FaultyDisk.Call;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every file system call of a save fails once; whatever is left is what was there before. */
@Tag("faults")
class DiskFaultTest {
  private static final int WORLD_SIZE = 2;

  private static final Set<Call> OF_EVERY_RANK = Set.of(Call.WRITE, Call.WRITE_BACK, Call.FORCE);
  private static final Set<Call> OF_SHARDS =
      Set.of(Call.CREATE, Call.RESERVE, Call.WRITE, Call.WRITE_BACK, Call.FORCE);

  @TempDir Path temporary;

  private static final List<String> REASONS =
      List.of("Input/output error", "No space left on device", "Disk quota exceeded");

  static Stream<Arguments> faults() {
    List<Arguments> all = new ArrayList<>();
    for (Call call : EnumSet.range(Call.CREATE_FOLDER, Call.DELETE)) {
      for (SaveMode mode : List.of(SaveMode.GATHER, SaveMode.PARALLEL)) {
        for (boolean overwrite : new boolean[] {false, true}) {
          all.add(Arguments.of(call, mode, overwrite, true));
        }
      }
      all.add(Arguments.of(call, SaveMode.PARALLEL, true, false));
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("faults")
  void nothingHalfMadeIsVisibleWhicheverCallFails(
      Call call, SaveMode mode, boolean overwrite, boolean canExchange) throws Exception {
    SaveOptions options =
        SaveOptions.builder()
            .mode(mode)
            .overwrite(overwrite)
            .maxShardBytes(2000)
            .stagingBufferBytes(4096)
            .build();
    Files.createFile(temporary.resolve("other")); // what is not empty has a name that survives
    int faults = 0;
    for (int nth = 0; failsAt(call, nth, options, canExchange); nth++) {
      faults++;
    }
    boolean happens =
        switch (call) {
          case EXCHANGE -> overwrite;
          case RENAME -> !(overwrite && canExchange);
          default -> true;
        };
    assertEquals(happens, faults > 0, "whether the call is made at all");
  }

  /** Saves with one failing call; returns whether it was reached. */
  private boolean failsAt(Call call, int nth, SaveOptions options, boolean canExchange)
      throws Exception {
    Path target = temporary.resolve("run" + call + nth).resolve("model");
    List<String> before = before(target, options.overwrite());
    String reason = REASONS.get((nth + call.name().length()) % REASONS.size());
    FaultyDisk disk = FaultyDisk.failing(call, nth, canExchange, reason);
    List<Group.Result<SaveReport>> results = save(options, disk, target);
    if (!disk.failed() || call == Call.DELETE) { // deleted is only what a commit makes superfluous
      results.forEach(result -> assertNull(result.failure()));
      assertTrue(everythingIn(target.getParent()).contains("model/COMPLETED"));
      return disk.failed();
    }
    for (Group.Result<SaveReport> result : results) {
      CheckpointException e = assertInstanceOf(CheckpointException.class, result.failure());
      assertTrue(e.getMessage().contains(reason), e.getMessage());
      boolean isOfNewRun = call == Call.FORCE_FOLDER && nth == 0 && !options.overwrite();
      Path run = target.getParent(); // which is made: then its name is forced first
      assertTrue(
          e.getMessage().contains((isOfNewRun ? run.getParent() : run).toString()), e.getMessage());
      assertTrue(!isOfNewRun || !Files.exists(run), "a folder whose name may not survive is left");
      assertTrue(e.rank() == 0 || OF_EVERY_RANK.contains(call), e.getMessage());
      boolean isOfShard = e.getMessage().contains(".safetensors");
      assertEquals(isOfShard && OF_SHARDS.contains(call), e.shard().isPresent(), e.getMessage());
    }
    assertEquals(before, everythingIn(target.getParent()));
    save(options, Disk.local(), target).forEach(result -> assertNull(result.failure()));
    assertTrue(everythingIn(target.getParent()).contains("model/COMPLETED"));
    return true;
  }

  /**
   * Where a file is closed, and where only looked at, it depends on what whether the save fails.
   */
  @ParameterizedTest
  @CsvSource({
    "CLOSE,false,true", "CLOSE,true,true", "CLOSE,true,false",
    "LIST,false,true", "LIST,true,true", "LIST,true,false",
    "FIND,false,true", "FIND,true,true", "FIND,true,false"
  })
  void oldOrNewIsVisibleWhateverCannotBeClosedOrLookedAt(
      Call call, boolean overwrite, boolean canExchange) throws Exception {
    SaveOptions options =
        SaveOptions.builder()
            .mode(SaveMode.PARALLEL)
            .overwrite(overwrite)
            .maxShardBytes(2000)
            .stagingBufferBytes(4096)
            .build();
    int failed = 0;
    int nth = 0;
    for (boolean isReached = true; isReached; nth++) {
      Path target = temporary.resolve("run" + nth).resolve("model");
      List<String> before = before(target, overwrite);
      FaultyDisk disk = FaultyDisk.failing(call, nth, canExchange, REASONS.get(nth % 3));
      List<Group.Result<SaveReport>> results = save(options, disk, target);
      isReached = disk.failed();
      if (results.get(0).failure() == null) {
        assertNull(results.get(1).failure());
        assertTrue(everythingIn(target.getParent()).contains("model/COMPLETED"));
      } else {
        failed++;
        for (Group.Result<SaveReport> result : results) {
          assertInstanceOf(CheckpointException.class, result.failure());
        }
        assertEquals(before, everythingIn(target.getParent()), call + " " + nth);
      }
      SaveOptions again = SaveOptions.builder().overwrite(true).build();
      save(again, Disk.local(), target).forEach(result -> assertNull(result.failure()));
      assertEquals(List.of(), hidden(target.getParent()), call + " " + nth);
    }
    assertTrue(failed > 0, "no such call fails a save");
  }

  private static List<String> before(Path target, boolean overwrite) throws IOException {
    if (!overwrite) {
      return List.of();
    }
    Files.createDirectories(target);
    Files.writeString(target.resolve("old"), "old");
    return List.of("model", "model/old");
  }

  private static List<String> hidden(Path folder) throws IOException {
    return everythingIn(folder).stream().filter(name -> name.startsWith(".")).toList();
  }

  private static List<Group.Result<SaveReport>> save(SaveOptions options, Disk disk, Path target)
      throws InterruptedException {
    ReferenceModel model = ReferenceModel.various(WORLD_SIZE);
    return Group.run(
        WORLD_SIZE,
        communicator -> {
          try (Checkpointer checkpointer =
              Checkpointers.open(communicator, options, Optional.empty(), disk, Machine.local())) {
            return checkpointer.save(
                target, model.on(communicator.rank(), WORLD_SIZE), ModelFiles.none());
          }
        });
  }

  private static List<String> everythingIn(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return List.of();
    }
    try (Stream<Path> paths = Files.walk(folder)) {
      return paths.skip(1).map(path -> folder.relativize(path).toString()).sorted().toList();
    }
  }
}
