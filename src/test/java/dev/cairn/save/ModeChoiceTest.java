package dev.cairn.save;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.SaveMode;
import dev.cairn.ranks.Ranks;
import dev.cairn.support.Group;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What ranks of this host ask, decide and remember. */
@Timeout(30)
class ModeChoiceTest {
  private static final int WORLD_SIZE = 3;
  private static final ModeChoice.Choice GATHER = new ModeChoice.Choice(SaveMode.GATHER, 1);
  private static final ModeChoice.Choice PARALLEL =
      new ModeChoice.Choice(SaveMode.PARALLEL, WORLD_SIZE);

  @TempDir Path temporary;
  private Path seen;
  private Path unseen;

  @BeforeEach
  void makeOneFolder() throws Exception {
    seen = Files.createDirectories(temporary.resolve("run/seen"));
    unseen = temporary.resolve("elsewhere/unseen");
  }

  private static void assertChoices(
      SaveMode asked, List<Path> folders, List<ModeChoice.Choice> expected) throws Exception {
    for (List<ModeChoice.Choice> choices :
        Group.values(
            WORLD_SIZE,
            communicator -> {
              ModeChoice modes =
                  new ModeChoice(new Ranks(communicator), asked, Disk.local(), Machine.local());
              List<ModeChoice.Choice> made = new ArrayList<>();
              for (Path folder : folders) {
                made.add(modes.choose(folder));
              }
              return made;
            })) {
      assertEquals(expected, choices);
    }
  }

  @Test
  void ranksOfThisHostAllWriteIfTheySeeTheFolder() throws Exception {
    assertChoices(SaveMode.AUTO, List.of(seen), List.of(PARALLEL));
    assertChoices(SaveMode.PARALLEL, List.of(seen), List.of(PARALLEL));
    assertChoices(SaveMode.GATHER, List.of(seen, unseen), List.of(GATHER, GATHER));
  }

  @Test
  void parallelIsRememberedForItsDirectoryAlone() throws Exception {
    Path beside = seen.resolveSibling("never-made");
    assertChoices(
        SaveMode.AUTO,
        List.of(seen, beside, unseen, beside),
        List.of(PARALLEL, PARALLEL, GATHER, PARALLEL));
  }

  @Test
  void gatherIsNotRemembered() throws Exception {
    CyclicBarrier folderIsMade = new CyclicBarrier(WORLD_SIZE, () -> unseen.toFile().mkdirs());
    for (List<ModeChoice.Choice> choices :
        Group.values(
            WORLD_SIZE,
            communicator -> {
              ModeChoice modes =
                  new ModeChoice(
                      new Ranks(communicator), SaveMode.AUTO, Disk.local(), Machine.local());
              ModeChoice.Choice before = modes.choose(unseen);
              folderIsMade.await();
              return List.of(before, modes.choose(unseen));
            })) {
      assertEquals(List.of(GATHER, PARALLEL), choices);
    }
  }

  /** On one rank the folder's path leads to nothing, as on a host without the mount. */
  private ModeChoice.Choice chooseUnseenOn(int rank, Communicator own, SaveMode asked)
      throws IOException {
    return new ModeChoice(new Ranks(own), asked, Disk.local(), Machine.local())
        .choose(own.rank() == rank ? unseen : seen);
  }

  @Test
  void rankThatDoesNotSeeTheFolderMakesAllGather() throws Exception {
    for (ModeChoice.Choice choice :
        Group.values(WORLD_SIZE, c -> chooseUnseenOn(2, c, SaveMode.AUTO))) {
      assertEquals(GATHER, choice);
    }
  }

  @Test
  void parallelIsRefusedIfARankDoesNotSeeTheFolder() throws Exception {
    for (Group.Result<ModeChoice.Choice> result :
        Group.run(WORLD_SIZE, c -> chooseUnseenOn(1, c, SaveMode.PARALLEL))) {
      CheckpointException e = assertInstanceOf(CheckpointException.class, result.failure());
      assertEquals(1, e.rank());
      assertTrue(e.reason().startsWith("rank 0's folder is not visible: "), e.reason());
    }
  }

  @Test
  void oneRankAloneWritesWithoutLooking() throws Exception {
    ModeChoice.Choice alone = new ModeChoice.Choice(SaveMode.PARALLEL, 1);
    for (SaveMode asked : List.of(SaveMode.AUTO, SaveMode.PARALLEL)) {
      assertEquals(
          List.of(alone),
          Group.values(
              1,
              c ->
                  new ModeChoice(new Ranks(c), asked, Disk.local(), Machine.local())
                      .choose(unseen)));
    }
  }
}
