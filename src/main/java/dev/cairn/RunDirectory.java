package dev.cairn;

import dev.cairn.commit.AbandonedFolders;
import dev.cairn.io.Disk;
import dev.cairn.io.OutputFile;
import dev.cairn.machine.Machine;
import dev.cairn.run.SizeCheck;
import dev.cairn.safetensors.Manifest;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The checkpoints in one directory, and which of them stay. Not collective: rank 0, or a tool, uses
 * it.
 */
public final class RunDirectory {
  private static final Logger LOG = System.getLogger(RunDirectory.class.getName());
  private static final Pattern NAME = Pattern.compile("(step|epoch)_(0|[1-9][0-9]{0,17})");

  /** The largest number that a name has room for. */
  static final long MAX_NUMBER = 999_999_999_999_999_999L;

  private static final Pattern GONE = Pattern.compile("\\." + NAME + "\\.gone");
  private static final String KEEP = ".keep-";

  private static final Comparator<Entry> OLDEST_FIRST =
      Comparator.comparingLong(Entry::number).thenComparing(Entry::path);

  private final Path directory;
  private final Disk disk;
  private final Machine machine;

  /**
   * Looks at a directory, which need not exist yet.
   *
   * @param directory the one that {@link RunOptions#directory} names
   */
  public RunDirectory(Path directory) {
    this(directory, Disk.local(), Machine.local());
  }

  RunDirectory(Path directory, Disk disk, Machine machine) {
    this.directory = directory.toAbsolutePath().normalize();
    this.disk = disk;
    this.machine = machine;
  }

  /**
   * A committed checkpoint.
   *
   * @param path its folder
   * @param number its step or epoch
   * @param isMarked whether it stays for good because somebody said so
   */
  public record Entry(Path path, long number, boolean isMarked) {
    boolean isOf(RunOptions.Unit unit) {
      return path.getFileName().toString().startsWith(unit.prefix());
    }
  }

  /**
   * {@return the committed checkpoints, oldest number first; empty if the directory does not exist}
   *
   * @throws IOException if the directory cannot be listed
   */
  public List<Entry> committed() throws IOException {
    List<Entry> entries = new ArrayList<>();
    if (!disk.isFolder(directory)) {
      return entries;
    }
    for (Path path : disk.list(directory)) {
      Matcher matcher = NAME.matcher(path.getFileName().toString());
      if (matcher.matches() && exists(path.resolve(Manifest.COMPLETED_FILE_NAME))) {
        entries.add(new Entry(path, Long.parseLong(matcher.group(2)), exists(markOf(path))));
      }
    }
    entries.sort(OLDEST_FIRST);
    return entries;
  }

  private boolean exists(Path path) throws IOException {
    return disk.exists(path);
  }

  private Path markOf(Path checkpoint) {
    return directory.resolve(KEEP + checkpoint.getFileName());
  }

  /**
   * Marks a checkpoint to stay for good, also after a power cut.
   *
   * @param checkpoint a folder of the directory; {@link Entry#path}
   * @throws IllegalArgumentException if it is no committed checkpoint of this directory
   * @throws IOException if the mark cannot be written
   */
  public void keep(Path checkpoint) throws IOException {
    requireCommitted(checkpoint);
    Path mark = markOf(checkpoint);
    if (!exists(mark)) {
      try (OutputFile created = disk.create(mark, 0, 0)) {
        created.force();
      }
    }
    disk.forceFolder(directory);
  }

  /**
   * Refuses what is not this directory's, which neither a mark would keep nor a name find again.
   */
  private void requireCommitted(Path checkpoint) throws IOException {
    Path folder = checkpoint.toAbsolutePath().normalize();
    boolean isNamedSo =
        directory.equals(folder.getParent())
            && NAME.matcher(folder.getFileName().toString()).matches();
    if (!isNamedSo || !exists(folder.resolve(Manifest.COMPLETED_FILE_NAME))) {
      throw new IllegalArgumentException(
          "no committed checkpoint of this run: folder=%s, directory=%s"
              .formatted(folder, directory));
    }
  }

  /**
   * Returns what a retention would delete, oldest first: committed checkpoints that are neither
   * among the newest {@code keepLast}, nor multiples of {@code keepEvery}, nor marked. Steps and
   * epochs are counted apart. A checkpoint whose files do not have the lengths that they were
   * written with is neither counted nor deleted.
   *
   * @param keepLast 0 keeps all
   * @param keepEvery 0 for none
   * @return what is surplus
   * @throws IllegalArgumentException if a count is negative
   * @throws IOException if the directory cannot be read
   */
  public List<Entry> surplus(int keepLast, long keepEvery) throws IOException {
    RunOptions.in(directory).withKeepLast(keepLast).withKeepEvery(keepEvery); // checks them
    List<Entry> surplus = new ArrayList<>();
    List<Entry> committed = committed();
    for (RunOptions.Unit unit : RunOptions.Unit.values()) {
      List<Entry> counted =
          committed.stream().filter(entry -> entry.isOf(unit) && isWhole(entry)).toList();
      surplus.addAll(surplus(counted, keepLast, keepEvery));
    }
    surplus.sort(OLDEST_FIRST);
    return surplus;
  }

  private static List<Entry> surplus(List<Entry> counted, int keepLast, long keepEvery) {
    if (keepLast == 0 || counted.size() <= keepLast) {
      return List.of();
    }
    return counted.subList(0, counted.size() - keepLast).stream()
        .filter(entry -> !entry.isMarked())
        .filter(entry -> keepEvery == 0 || entry.number() % keepEvery != 0)
        .toList();
  }

  private boolean isWhole(Entry entry) {
    List<String> problems = SizeCheck.problems(disk, entry.path());
    if (!problems.isEmpty()) {
      LOG.log(
          Level.WARNING,
          "checkpoint is damaged, retention does not count it: folder={0}, {1}",
          entry.path(),
          problems.get(0));
    }
    return problems.isEmpty();
  }

  /**
   * Deletes checkpoints, each renamed away first, so that none is ever seen half deleted.
   *
   * @param entries of this directory, deleted in this order
   * @throws IllegalArgumentException if one is no committed checkpoint of this directory; the
   *     others before it are gone
   * @throws IOException if one cannot be renamed or deleted; the others before it are gone
   */
  public void delete(List<Entry> entries) throws IOException {
    for (Path path : unfinishedDeletions()) {
      disk.deleteTree(path);
    }
    for (Entry entry : entries) {
      requireCommitted(entry.path());
      Path gone = directory.resolve("." + entry.path().getFileName() + ".gone");
      disk.rename(entry.path(), gone);
      disk.deleteTree(gone);
    }
  }

  /**
   * {@return what was renamed away to be deleted, and is still there in part} The next {@link
   * #delete} finishes it. It needs no owner's permission: nobody finds these folders by their names
   * any more.
   *
   * @throws IOException if the directory cannot be listed
   */
  public List<Path> unfinishedDeletions() throws IOException {
    return disk.list(directory).stream()
        .filter(path -> GONE.matcher(path.getFileName().toString()).matches())
        .toList();
  }

  /**
   * Applies a run's retention after a save. Checkpoints with higher numbers than the new one stay
   * and do not count: the run was resumed from an older checkpoint. Damaged ones do not count
   * either, so that they push out no good one. What cannot be deleted is logged: the new one is
   * safe.
   *
   * @param saved the new checkpoint's folder
   * @param damaged folders of checkpoints; the new one is taken out
   */
  void retain(Path saved, RunOptions run, Set<Path> damaged) {
    try {
      List<Entry> entries = committed().stream().filter(entry -> entry.isOf(run.unit())).toList();
      Path newest = saved.toAbsolutePath().normalize();
      damaged.remove(newest);
      int end = 1 + entries.stream().map(Entry::path).toList().indexOf(newest);
      List<Entry> counted =
          entries.subList(0, end).stream()
              .filter(entry -> !damaged.contains(entry.path()) && isWhole(entry))
              .toList();
      delete(surplus(counted, run.keepLast(), run.keepEvery()));
    } catch (IOException | RuntimeException e) { // whatever it is, the new one is committed
      LOG.log(
          Level.WARNING, "old checkpoints not deleted: directory={0}, reason={1}", directory, e);
    }
  }

  /** Puts back what a dead save was about to replace. */
  void undoReplacements() {
    new AbandonedFolders(disk, machine, directory).undoReplacements(NAME.asMatchPredicate());
  }
}
