package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveMode;
import dev.cairn.support.FaultyDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Kills ranks in the middle of saving: what is left is a whole checkpoint of one step. */
@Tag("faults")
@Tag("processes")
class KillTest {
  private static final int WORLD_SIZE = SaveLoop.WORLD_SIZE;

  /** How many random kills for each way of saving; many more with {@code -Pfaults}. */
  private static final int KILLS = Integer.getInteger("cairn.kills", 4);

  @TempDir Path temporary;

  /** The newest step of which any rank was told that it is committed. */
  private long committed;

  private Path run() {
    return temporary.resolve("run");
  }

  /** Each mode, and each way of calling; with {@code -Pfaults} every mode in every way. */
  static Stream<Arguments> ways() {
    Stream<Arguments> always =
        Stream.of(Arguments.of(SaveMode.PARALLEL, true), Arguments.of(SaveMode.GATHER, false));
    Stream<Arguments> more =
        Stream.of(Arguments.of(SaveMode.PARALLEL, false), Arguments.of(SaveMode.GATHER, true));
    return Boolean.getBoolean("cairn.faults.all") ? Stream.concat(always, more) : always;
  }

  @ParameterizedTest
  @MethodSource("ways")
  void latestIsAWholeStepWheneverAndWhoeverIsKilled(SaveMode mode, boolean async) throws Exception {
    Random random = new Random(mode.name().hashCode() + (async ? 1 : 0));
    List<String> arguments =
        List.of(run().toString(), mode.name(), "FAST", Boolean.toString(async), "none", "0");
    List<SaveLoopProcess> ranks = new ArrayList<>();
    int insideASave = 0;
    try {
      for (int rank = 0; rank < WORLD_SIZE; rank++) {
        ranks.add(new SaveLoopProcess(rank, WORLD_SIZE, arguments));
      }
      for (int kill = 0; kill < KILLS; kill++) {
        join(ranks, Files.createDirectory(temporary.resolve("meet" + kill)));
        awaitMoment(ranks.get(0), random, async);
        insideASave += kill(ranks, random, arguments) ? 1 : 0;
        checkRun();
      }
    } finally {
      ranks.forEach(SaveLoopProcess::close);
    }
    record(
        "%d of %d kills fell inside a save: mode=%s, async=%s"
            .formatted(insideASave, KILLS, mode, async));
    assertTrue(insideASave > 0, "no kill fell inside a save");
  }

  /**
   * Waits for a random moment: in one case of four any, otherwise one soon after the first sign of
   * a save, be it the first one of a process, which is slow and of its kind, or a later one.
   */
  private void awaitMoment(SaveLoopProcess rank, Random random, boolean async) throws Exception {
    boolean isFirst = random.nextInt(4) == 0;
    rank.await(isFirst ? "saving" : "saved", async && !isFirst ? 2 : 1, 60_000);
    if (random.nextInt(4) == 0) {
      Thread.sleep(random.nextInt(150));
      return;
    }
    SavedRun.awaitSaving(run());
    Thread.sleep(random.nextInt(25));
  }

  /** Keeps how many kills were of use, for whoever reads the build's output. */
  private static void record(String line) throws IOException {
    System.getLogger(KillTest.class.getName()).log(System.Logger.Level.INFO, line);
    Path file = Path.of(System.getProperty("cairn.build.directory", "target"), "faults/kills.txt");
    Files.createDirectories(file.getParent());
    Files.writeString(
        file,
        Instant.now() + " " + line + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  /** Kills one rank, or all of them, starts it anew; returns whether a save was under way. */
  private boolean kill(List<SaveLoopProcess> ranks, Random random, List<String> arguments)
      throws Exception {
    boolean isSaving = SavedRun.isSaving(run());
    boolean all = random.nextInt(4) == 0;
    int victim = random.nextInt(WORLD_SIZE);
    for (int rank = 0; rank < WORLD_SIZE; rank++) {
      if (all || rank == victim) {
        ranks.get(rank).kill();
      }
    }
    hear(ranks);
    for (int rank = 0; rank < WORLD_SIZE; rank++) {
      if (all || rank == victim) {
        ranks.set(rank, new SaveLoopProcess(rank, WORLD_SIZE, arguments));
      } else {
        String failure = ranks.get(rank).await("failed", 15_000);
        assertTrue(failure.startsWith("failed CheckpointException: "), failure);
        assertTrue(failure.contains("rank " + victim + " of " + WORLD_SIZE), failure);
      }
    }
    return isSaving;
  }

  @ParameterizedTest
  @CsvSource({"PARALLEL,1", "GATHER,0"})
  void rankThatIsStoppedInMidSaveIsNamedAndTheOthersSaveAgain(SaveMode mode, int victim)
      throws Exception {
    List<String> arguments = List.of(run().toString(), mode.name(), "FAST", "false", "none", "0");
    List<Integer> others = List.of(0, 1, 2).stream().filter(rank -> rank != victim).toList();
    Map<String, String> variables = Map.of("CAIRN_PEER_TIMEOUT_SECONDS", "2");
    List<SaveLoopProcess> ranks = new ArrayList<>();
    try {
      for (int rank = 0; rank < WORLD_SIZE; rank++) {
        ranks.add(new SaveLoopProcess(SaveLoop.class, rank, WORLD_SIZE, arguments, variables));
      }
      join(ranks, Files.createDirectory(temporary.resolve("meet")));
      ranks.get(0).await("saved 2", 60_000);
      SavedRun.awaitSaving(run());
      ranks.get(victim).signal("STOP");
      for (int rank : others) {
        String failure = ranks.get(rank).await("failed", 20_000);
        assertTrue(
            failure.contains("rank " + victim + " of 3 gave no sign of life for 2.0 s"), failure);
      }
      hear(ranks);
      assertEquals(
          victim == 0 ? 1 : 0, SavedRun.hidden(run())); // only rank 0 removes what was begun
      checkRun();
      ranks.get(victim).signal("CONT");
      ranks.get(victim).await("failed", 20_000);
      assertEquals(0, SavedRun.hidden(run()));
      join(ranks, Files.createDirectory(temporary.resolve("meet again")));
      ranks.get(0).await("saved", 60_000);
    } finally {
      ranks.forEach(SaveLoopProcess::close);
    }
    checkRun();
  }

  private void hear(List<SaveLoopProcess> ranks) {
    ranks.forEach(rank -> committed = Math.max(committed, rank.committed()));
  }

  private static void join(List<SaveLoopProcess> ranks, Path rendezvous) throws IOException {
    for (SaveLoopProcess rank : ranks) {
      rank.join(rendezvous);
    }
  }

  @ParameterizedTest
  @EnumSource(value = FaultyDisk.Call.class)
  void latestIsAWholeStepWhicheverDiskCallIsTheLast(FaultyDisk.Call call) throws Exception {
    int dyingCall =
        switch (call) {
          case WRITE -> 300;
          case CREATE, RESERVE, WRITE_BACK, FORCE, FORCE_FOLDER -> 9;
          default -> 2;
        };
    saveUntil("DURABLE", call, dyingCall);
    checkRun();
  }

  /** Saves with one process, which dies at such a call. */
  private void saveUntil(String durability, FaultyDisk.Call call, int dyingCall) throws Exception {
    List<String> arguments =
        List.of(run().toString(), "PARALLEL", durability, "false", call.name(), "" + dyingCall);
    try (SaveLoopProcess only = new SaveLoopProcess(0, 1, arguments)) {
      only.join(Files.createDirectory(temporary.resolve("meet")));
      assertEquals(9, only.awaitExit());
      hear(List.of(only));
    }
  }

  private void checkRun() throws IOException {
    SavedRun.check(run(), committed);
  }

  @Test
  void leftoversOfTheDeadAreSweptByTheNextSave() throws Exception {
    saveUntil("FAST", FaultyDisk.Call.WRITE, 300);
    assertEquals(1, SavedRun.hidden(run()));
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(single, SaveLoop.options(SaveMode.AUTO), RunOptions.in(run()))) {
      long step = checkpointer.latest().map(Checkpoint::step).orElse(0L) + 1;
      checkpointer.save(
          step, SaveLoop.model(step).on(0, 1), ModelFiles.none(), TrainerState.builder().build());
    }
    assertEquals(0, SavedRun.hidden(run()));
  }

  /** A save that was killed is often not made again under the same name. */
  @Test
  void leftoversOfTheDeadAreSweptByASaveToAnyName() throws Exception {
    saveUntil("FAST", FaultyDisk.Call.WRITE, 300);
    assertEquals(1, SavedRun.hidden(run()));
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, SaveLoop.options(SaveMode.AUTO))) {
      checkpointer.save(run().resolve("final"), SaveLoop.model(1).on(0, 1), ModelFiles.none());
    }
    assertEquals(0, SavedRun.hidden(run()));
  }
}
