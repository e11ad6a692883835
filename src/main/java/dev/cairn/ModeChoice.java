package dev.cairn;

import dev.cairn.io.Host;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Decides, the same on every rank, whether all ranks write or only rank 0 does.
 *
 * <p>Remembers where all of them could write: saves of a run go to one directory, and asking anew
 * takes longer than most of what a save does besides the copy. One thread at a time.
 */
final class ModeChoice {
  private static final Logger LOG = System.getLogger(ModeChoice.class.getName());

  /** File systems on which several hosts may write one file, each its own bytes. */
  private static final Set<String> COHERENT = Set.of("lustre", "gpfs", "ceph", "fuse.ceph");

  private static final String SAME_HOST = "host:";
  private static final String SAME_FILE_SYSTEM = "filesystem:";
  private static final String UNSEEN = "unseen";
  private static final String UNSUITABLE = "unsuitable:";

  private final Ranks ranks;
  private final SaveMode asked;
  private Path parallelDirectory;
  private Choice parallel;

  ModeChoice(Ranks ranks, SaveMode asked) {
    this.ranks = ranks;
    this.asked = asked;
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
    List<String> views =
        ranks.together(() -> view(folder).getBytes(StandardCharsets.UTF_8)).stream()
            .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
            .toList();
    int unseeing = views.indexOf(UNSEEN);
    if (asked == SaveMode.PARALLEL) {
      if (unseeing >= 0) {
        throw new CheckpointException(
            Operation.SAVE,
            unseeing,
            ranks.size(),
            "rank 0's folder is not visible: " + folder,
            null,
            0,
            null);
      }
      return parallel(views);
    }
    String obstacle = obstacle(views, unseeing);
    if (obstacle == null) {
      return parallel(views);
    }
    if (ranks.isWriter()) {
      LOG.log(Level.INFO, "rank 0 alone writes: {0}", obstacle);
    }
    return new Choice(SaveMode.GATHER, 1);
  }

  private Choice parallel(List<String> views) {
    String own = host(views.get(ranks.rank()));
    long here = views.stream().filter(view -> host(view).equals(own)).count();
    return new Choice(SaveMode.PARALLEL, own.startsWith(SAME_HOST) ? Math.toIntExact(here) : 1);
  }

  private static String obstacle(List<String> views, int unseeing) {
    if (unseeing >= 0) {
      return "rank " + unseeing + " does not see its folder";
    }
    String first = views.get(0);
    boolean equal = views.stream().allMatch(first::equals);
    if (equal && first.startsWith(SAME_HOST)) {
      return null;
    }
    for (int rank = 0; rank < views.size(); rank++) {
      String fileSystem = fileSystem(views.get(rank));
      if (!COHERENT.contains(fileSystem)) {
        return "ranks run on several hosts, and on rank %d the file system (%s) is not known to be coherent"
            .formatted(rank, fileSystem);
      }
    }
    return null;
  }

  /**
   * Returns this rank's boot id and, if it is to decide, its file system as one line, or that it
   * does not see the folder.
   */
  private String view(Path folder) throws IOException {
    // By listing, not by name: a network client may answer for a name from its cache.
    if (!isListed(folder)) {
      return UNSEEN;
    }
    String bootId = Host.bootId().orElse("");
    String host = (bootId.isEmpty() ? UNSUITABLE : SAME_HOST + bootId) + " ";
    if (asked == SaveMode.PARALLEL) {
      return host;
    }
    return host + SAME_FILE_SYSTEM + Files.getFileStore(folder).type().toLowerCase(Locale.ROOT);
  }

  private static String host(String view) {
    return view.substring(0, view.indexOf(' ') + 1);
  }

  private static String fileSystem(String view) {
    return view.substring(view.indexOf(SAME_FILE_SYSTEM) + SAME_FILE_SYSTEM.length());
  }

  private static boolean isListed(Path folder) throws IOException {
    Path parent = folder.getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      return false;
    }
    String name = folder.getFileName().toString();
    try (DirectoryStream<Path> paths =
        Files.newDirectoryStream(parent, path -> path.getFileName().toString().equals(name))) {
      return paths.iterator().hasNext();
    }
  }
}
