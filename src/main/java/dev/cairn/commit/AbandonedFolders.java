package dev.cairn.commit;

import dev.cairn.io.Disk;
import dev.cairn.io.PathState;
import dev.cairn.machine.Machine;
import dev.cairn.machine.ProcessIdentity;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;

/**
 * What saves that died have left in a directory, whatever they were to make there.
 *
 * <p>Touched is only what has an owner file, and only when that owner has ended: its process is
 * known to be dead, or it is of another host and has been silent for a day. A folder in which
 * nothing is, not even a whole owner file, goes after the same silence.
 */
public final class AbandonedFolders {
  private static final Logger LOG = System.getLogger(AbandonedFolders.class.getName());
  private static final Duration SILENCE = Duration.ofHours(24);
  private static final String CLOCK = "clock";

  private final Disk disk;
  private final Machine machine;
  private final Path directory;
  private Optional<Instant> now = Optional.empty();

  /**
   * Looks at nothing yet.
   *
   * @param disk where the directory is
   * @param machine knows who is dead
   * @param directory absolute; fine if it is not there
   */
  public AbandonedFolders(Disk disk, Machine machine, Path directory) {
    this.disk = disk;
    this.machine = machine;
    this.directory = directory;
  }

  /**
   * Looks at all folders of Cairn's hidden names; changes nothing.
   *
   * @return them, also those that are being worked in, in the order of their names
   * @throws IOException if the directory, or what is in it, cannot be read
   */
  public List<AbandonedFolder> find() throws IOException {
    List<AbandonedFolder> found = new ArrayList<>();
    for (Path path : listed()) {
      Matcher name = HiddenFolder.match(path);
      if (name.matches()) {
        Optional<PathState> state = disk.findHere(path).filter(PathState::isFolder);
        if (state.isPresent()) {
          found.add(look(path, name, state.get()));
        }
      }
    }
    return found;
  }

  private List<Path> listed() throws IOException {
    try {
      return disk.list(directory);
    } catch (NoSuchFileException e) {
      return List.of();
    }
  }

  private AbandonedFolder look(Path path, Matcher name, PathState state) throws IOException {
    Optional<ProcessIdentity> owner = FolderOwner.of(disk, path).map(FolderOwner::process);
    Instant lastSign =
        disk.findHere(path.resolve(FolderOwner.FILE))
            .map(PathState::modified)
            .orElse(state.modified());
    Path target = path.resolveSibling(name.group(1));
    AbandonedFolder.State known =
        owner.isPresent() ? state(owner.get(), name) : stateWithoutOwner(path);
    boolean goesBack =
        name.group(2).equals("old")
            && known != AbandonedFolder.State.EMPTY
            && !disk.existsHere(target);
    return new AbandonedFolder(path, target, goesBack, owner, lastSign, known);
  }

  private AbandonedFolder.State stateWithoutOwner(Path folder) throws IOException {
    return FolderOwner.isAlone(disk, folder)
        ? AbandonedFolder.State.EMPTY
        : AbandonedFolder.State.UNKNOWN;
  }

  private AbandonedFolder.State state(ProcessIdentity owner, Matcher name) {
    if (owner.equals(machine.self())) {
      return HiddenFolder.isOpenHere(name)
          ? AbandonedFolder.State.IN_USE
          : AbandonedFolder.State.ABANDONED;
    }
    if (machine.isDead(owner)) {
      return AbandonedFolder.State.ABANDONED;
    }
    return machine.self().sees(owner)
        ? AbandonedFolder.State.IN_USE
        : AbandonedFolder.State.ELSEWHERE;
  }

  /**
   * Removes what dead owners have left, and puts back what they were about to replace. What cannot
   * be is logged: it is no reason to fail a save.
   *
   * @return what is gone from under its hidden name
   */
  public List<AbandonedFolder> sweep() {
    return settle(leftover -> true);
  }

  /**
   * Puts back what dead owners were about to replace, so that it is found under its name.
   *
   * @param isTarget which names are looked for
   */
  public void undoReplacements(Predicate<String> isTarget) {
    settle(
        leftover ->
            leftover.goesBack() && isTarget.test(leftover.target().getFileName().toString()));
  }

  private List<AbandonedFolder> settle(Predicate<AbandonedFolder> choice) {
    List<AbandonedFolder> settled = new ArrayList<>();
    for (AbandonedFolder leftover : findOrLog()) {
      try {
        if (choice.test(leftover) && isAbandoned(leftover)) {
          settle(leftover);
          settled.add(leftover);
        }
      } catch (IOException | RuntimeException e) { // another user's, for example
        LOG.log(Level.WARNING, "leftover stays: folder={0}, reason={1}", leftover.path(), e);
      }
    }
    return settled;
  }

  private List<AbandonedFolder> findOrLog() {
    try {
      return find();
    } catch (IOException | RuntimeException e) {
      LOG.log(Level.WARNING, "leftovers stay: directory={0}, reason={1}", directory, e);
      return List.of();
    }
  }

  private boolean isAbandoned(AbandonedFolder leftover) throws IOException {
    boolean maySilenceTell =
        leftover.state() == AbandonedFolder.State.ELSEWHERE
            || leftover.state() == AbandonedFolder.State.EMPTY;
    boolean isSilent = maySilenceTell && !leftover.lastSign().plus(SILENCE).isAfter(now());
    boolean isAbandoned = isSilent || leftover.state() == AbandonedFolder.State.ABANDONED;
    if (!isAbandoned && leftover.goesBack()) {
      LOG.log(
          Level.INFO,
          "a replacement has not ended: folder={0}, owner={1}, last sign of life {2}",
          leftover.path(),
          leftover.owner().map(ProcessIdentity::toString).orElse("unknown"),
          leftover.lastSign());
    }
    return isAbandoned;
  }

  /**
   * Returns the file server's time, read from a file that is written now: its clock may differ from
   * this host's.
   */
  private Instant now() throws IOException {
    if (now.isEmpty()) {
      HiddenFolder folder = HiddenFolder.create(disk, machine, directory.resolve(CLOCK));
      try {
        now = disk.findHere(folder.path().resolve(FolderOwner.FILE)).map(PathState::modified);
        FolderOwner.deleteFolder(disk, folder.path());
      } finally {
        folder.release();
      }
    }
    return now.orElseThrow();
  }

  private void settle(AbandonedFolder leftover) throws IOException {
    Path folder = leftover.path();
    if (leftover.goesBack()) {
      LOG.log(
          Level.INFO,
          "an interrupted replacement is undone: {0} -> {1}",
          folder,
          leftover.target());
      disk.rename(folder, leftover.target());
      FolderOwner.remove(disk, leftover.target());
      return;
    }
    LOG.log(Level.INFO, "an abandoned temporary folder is removed: {0}", folder);
    if (leftover.state() == AbandonedFolder.State.EMPTY) {
      FolderOwner.deleteEmptyFolder(disk, folder);
      return;
    }
    if (disk.existsHere(folder.resolve(StagedFolder.COMPLETED))) {
      disk.forceFolder(directory); // what has taken its place must have its name for good first
    }
    FolderOwner.deleteFolder(disk, folder);
  }

  /**
   * Adds up the lengths of a folder's files.
   *
   * @param folder {@link AbandonedFolder#path}, or any other
   * @return bytes, those of links not counted
   * @throws NoSuchFileException if it is not there any more
   * @throws IOException if something of it cannot be read
   */
  public long lengthBytes(Path folder) throws IOException {
    long lengthBytes = 0;
    for (Path path : disk.list(folder)) {
      Optional<PathState> state = disk.findHere(path); // empty if it has just gone
      if (state.isPresent()) {
        lengthBytes +=
            switch (state.get().kind()) {
              case FILE -> state.get().lengthBytes();
              case FOLDER -> lengthBytes(path);
              case LINK, OTHER -> 0;
            };
      }
    }
    return lengthBytes;
  }
}
