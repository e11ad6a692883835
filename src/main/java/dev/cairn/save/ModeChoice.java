package dev.cairn.save;

import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.SaveMode;
import dev.cairn.ranks.Operation;
import dev.cairn.ranks.Ranks;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Decides, the same on every rank, whether all ranks write or only rank 0 does.
 *
 * <p>Remembers where all of them could write: saves of a run go to one directory, and asking anew
 * takes longer than most of what a save does besides the copy. One thread at a time.
 */
final class ModeChoice {
  private static final Logger LOG = System.getLogger(ModeChoice.class.getName());

  private final Ranks ranks;
  private final SaveMode asked;
  private final Disk disk;
  private final Machine machine;
  private Path parallelDirectory;
  private Choice parallel;

  ModeChoice(Ranks ranks, SaveMode asked, Disk disk, Machine machine) {
    this.ranks = ranks;
    this.asked = asked;
    this.disk = disk;
    this.machine = machine;
  }

  /**
   * What was decided.
   *
   * @param mode {@link SaveMode#GATHER} or {@link SaveMode#PARALLEL}
   * @param ranksOnThisHost how many ranks share this rank's processors, if all write; 1 if nobody
   *     knows
   */
  record Choice(SaveMode mode, int ranksOnThisHost) {}

  /**
   * Decides. Collective.
   *
   * @param folder the temporary folder that rank 0 has made
   * @throws CheckpointException if parallel was asked for and a rank does not see the folder
   */
  Choice choose(Path folder) throws IOException {
    if (asked == SaveMode.GATHER) {
      return new Choice(SaveMode.GATHER, 1);
    }
    if (ranks.size() == 1) {
      return new Choice(SaveMode.PARALLEL, 1);
    }
    Path directory = folder.getParent();
    if (parallel == null || !directory.equals(parallelDirectory)) {
      Choice choice = ask(folder);
      if (choice.mode() == SaveMode.GATHER) {
        return choice;
      }
      parallelDirectory = directory;
      parallel = choice;
    }
    return parallel;
  }

  private Choice ask(Path folder) throws IOException {
    List<FolderVisibility> views = new ArrayList<>();
    for (byte[] message : ranks.together(() -> view(folder).encode())) {
      views.add(FolderVisibility.decode(message));
    }
    Choice parallel =
        new Choice(SaveMode.PARALLEL, FolderVisibility.ranksOnHostOf(ranks.rank(), views));
    if (asked == SaveMode.PARALLEL) {
      int unseeing = FolderVisibility.unseeing(views);
      if (unseeing >= 0) {
        throw ranks.alike(Operation.SAVE, unseeing, "rank 0's folder is not visible: " + folder);
      }
      return parallel;
    }
    Optional<String> obstacle = FolderVisibility.obstacle(views);
    if (obstacle.isEmpty()) {
      return parallel;
    }
    if (ranks.isWriter()) {
      LOG.log(Level.INFO, "rank 0 alone writes: {0}", obstacle.get());
    }
    return new Choice(SaveMode.GATHER, 1);
  }

  /** Returns what this rank sees; the file system only if it is to decide: it takes long. */
  private FolderVisibility view(Path folder) throws IOException {
    // By listing, not by name: a network client may answer for a name from its cache.
    if (!isListed(folder)) {
      return FolderVisibility.UNSEEN;
    }
    String fileSystem = asked == SaveMode.PARALLEL ? "" : disk.fileSystemType(folder);
    return new FolderVisibility(true, machine.self().bootId(), fileSystem);
  }

  private boolean isListed(Path folder) throws IOException {
    Path parent = folder.getParent();
    return parent != null && disk.isFolder(parent) && disk.list(parent).contains(folder);
  }
}
