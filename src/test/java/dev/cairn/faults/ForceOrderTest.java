package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.faults.SystemCalls.Call;
import dev.cairn.options.SaveMode;
import dev.cairn.support.SavingRank;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A durable save seen from the operating system: what is forced before the rename and after it. */
@Tag("faults")
@Tag("processes")
@Tag("strace")
@Timeout(90)
class ForceOrderTest {
  @TempDir Path temporary;

  private Path run() throws IOException {
    return Files.createDirectories(temporary.resolve("run")).toRealPath();
  }

  /** Saves with so many ranks; returns what each of them asked of the operating system. */
  private List<SystemCalls> save(Path target, int worldSize, String... more) throws Exception {
    assumeTrue(TracedSave.canTrace(), TracedSave.NO_STRACE);
    Path rendezvous = Files.createDirectory(temporary.resolve("meet"));
    ExecutorService threads = Executors.newFixedThreadPool(worldSize);
    try {
      List<Callable<TracedSave>> ranks = new ArrayList<>();
      for (int i = 0; i < worldSize; i++) {
        String rank = Integer.toString(i);
        Map<String, String> variables =
            Map.of(
                "RANK",
                rank,
                "WORLD_SIZE",
                Integer.toString(worldSize),
                "CAIRN_RENDEZVOUS",
                rendezvous.toString());
        List<String> tracer = SystemCalls.tracer(temporary.resolve("trace" + rank));
        ranks.add(() -> TracedSave.run(temporary, tracer, target, variables, more));
      }
      List<SystemCalls> calls = new ArrayList<>();
      for (Future<TracedSave> rank : threads.invokeAll(ranks)) {
        assertEquals(0, rank.get().exitCode(), rank.get()::said);
        calls.add(SystemCalls.read(temporary.resolve("trace" + calls.size())));
      }
      return calls;
    } finally {
      threads.shutdownNow();
    }
  }

  private static Call rename(SystemCalls calls, Path target) {
    List<Call> renames =
        calls.calls().stream()
            .filter(call -> call.name().equals("rename"))
            .filter(call -> call.more().startsWith(target.toString()))
            .toList();
    assertEquals(1, renames.size());
    return renames.get(0);
  }

  private static boolean isForced(List<Call> forces, Call after, Call before) {
    return forces.stream()
        .anyMatch(force -> (after == null || after.isBefore(force)) && force.isBefore(before));
  }

  /** Checks that whoever wrote to a file has forced it before the rename. */
  private static void assertForcedBefore(Call rename, Path target, List<SystemCalls> ranks)
      throws IOException {
    try (var files = Files.walk(target)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String path = rename.path() + file.toString().substring(target.toString().length());
        boolean isSeen =
            Files.isDirectory(file) && isForced(ranks.get(0).of("fsync", path), null, rename);
        for (SystemCalls rank : ranks) {
          for (Call write : rank.of("pwrite64", path)) {
            assertTrue(isForced(rank.of("fsync", path), write, rename), "forced after " + write);
            isSeen = true;
          }
        }
        assertTrue(isSeen, "seen being written and forced: " + path);
      }
    }
  }

  private static void assertForcedAfter(Call call, Path folder, SystemCalls calls) {
    assertTrue(
        calls.of("fsync", folder.toString()).stream().anyMatch(call::isBefore),
        "forced after " + call + ": " + folder);
  }

  @ParameterizedTest
  @CsvSource({"1,PARALLEL,false", "2,PARALLEL,false", "2,GATHER,false", "2,PARALLEL,true"})
  void everythingIsForcedBeforeTheRenameAndTheParentAfterIt(
      int worldSize, SaveMode mode, boolean replaces) throws Exception {
    Path target = run().resolve("step_" + SavingRank.STEP);
    if (replaces) {
      Files.writeString(Files.createDirectory(target).resolve("old"), "old");
    }
    List<SystemCalls> ranks = save(target, worldSize, mode.name(), "state");
    Call rename = rename(ranks.get(0), target);
    assertEquals(replaces, rename.more().contains("RENAME_EXCHANGE"), rename::more);
    assertForcedBefore(rename, target, ranks);
    assertForcedAfter(rename, run(), ranks.get(0));
    assertTrue(Files.exists(target.resolve("state")));
    assertFalse(Files.exists(target.resolve("old")));
    boolean othersWrite = ranks.stream().skip(1).anyMatch(rank -> !wrote(rank, rename).isEmpty());
    assertEquals(worldSize > 1 && mode == SaveMode.PARALLEL, othersWrite);
  }

  private static List<Call> wrote(SystemCalls rank, Call rename) {
    return rank.calls().stream()
        .filter(call -> call.name().equals("pwrite64") && call.path().startsWith(rename.path()))
        .toList();
  }

  @Test
  void foldersThatAreMadeForTheTargetAreForcedToo() throws Exception {
    Path target = run().resolve("new/newer/model");
    SystemCalls calls = save(target, 1).get(0);
    Call rename = rename(calls, target);
    for (Path made : List.of(run().resolve("new"), run().resolve("new/newer"))) {
      Call mkdir = calls.of("mkdir", made.toString()).get(0);
      assertTrue(
          isForced(calls.of("fsync", made.getParent().toString()), mkdir, rename),
          "name forced before the rename: " + made);
    }
    assertForcedBefore(rename, target, List.of(calls));
    assertForcedAfter(rename, target.getParent(), calls);
  }
}
