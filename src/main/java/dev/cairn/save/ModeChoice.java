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
import java.nio.ByteBuffer;
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

  private static final byte[] NOTHING = {};

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
   * @param ranksOnOneHost how many ranks share a host's processors, if all write: the most on any
   *     host; 1 if nobody knows
   */
  record Choice(SaveMode mode, int ranksOnOneHost) {}

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

  /**
   * What ranks see goes to rank 0 alone, as it differs from host to host; all hear what follows.
   */
  private Choice ask(Path folder) throws IOException {
    List<byte[]> messages = ranks.gather(() -> view(folder).encode());
    List<byte[]> told = ranks.together(() -> ranks.isWriter() ? decide(messages) : NOTHING);
    ByteBuffer decision = ByteBuffer.wrap(told.get(0));
    int unseeing = decision.getInt();
    int ranksOnOneHost = decision.getInt();
    if (asked == SaveMode.PARALLEL && unseeing >= 0) {
      throw ranks.alike(Operation.SAVE, unseeing, "rank 0's folder is not visible: " + folder);
    }
    return ranksOnOneHost == 0
        ? new Choice(SaveMode.GATHER, 1)
        : new Choice(SaveMode.PARALLEL, ranksOnOneHost);
  }

  /**
   * Returns the first rank that does not see the folder, or -1, and how many ranks share a host if
   * all are to write, or 0.
   */
  private byte[] decide(List<byte[]> messages) throws IOException {
    List<FolderVisibility> views = new ArrayList<>();
    for (byte[] message : messages) {
      views.add(FolderVisibility.decode(message));
    }
    Optional<String> obstacle =
        asked == SaveMode.PARALLEL ? Optional.empty() : FolderVisibility.obstacle(views);
    obstacle.ifPresent(reason -> LOG.log(Level.INFO, "rank 0 alone writes: {0}", reason));
    return ByteBuffer.allocate(2 * Integer.BYTES)
        .putInt(FolderVisibility.unseeing(views))
        .putInt(obstacle.isPresent() ? 0 : FolderVisibility.mostRanksOnOneHost(views))
        .array();
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
