package dev.cairn;

import dev.cairn.io.Disk;
import dev.cairn.safetensors.Manifest;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The checkpoints in one directory, and which of them stay. Not collective: rank 0, or a tool, uses
 * it.
 */
public final class RunDirectory {
  private static final Logger LOG = System.getLogger(RunDirectory.class.getName());
  private static final Pattern NAME = Pattern.compile("(step|epoch)_(0|[1-9][0-9]{0,17})");
  private static final String GONE = ".gone";
  private static final String KEEP = ".keep-";

  private final Path directory;
  private final Disk disk;

  /**
   * Looks at a directory, which need not exist yet.
   *
   * @param directory the one that {@link RunOptions#directory} names
   */
  public RunDirectory(Path directory) {
    this(directory, Disk.local());
  }

  RunDirectory(Path directory, Disk disk) {
    this.directory = directory.toAbsolutePath().normalize();
    this.disk = disk;
  }

  /**
   * A committed checkpoint.
   *
   * @param path its folder
   * @param number its step or epoch
   * @param isMarked whether it stays for good because somebody said so
   */
  public record Entry(Path path, long number, boolean isMarked) {}

  /**
   * {@return the committed checkpoints, oldest number first; empty if the directory does not exist}
   *
   * @throws IOException if the directory cannot be listed
   */
  public List<Entry> committed() throws IOException {
    List<Entry> entries = new ArrayList<>();
    if (!Files.isDirectory(directory)) {
      return entries;
    }
    try (DirectoryStream<Path> paths = Files.newDirectoryStream(directory)) {
      for (Path path : paths) {
        Matcher matcher = NAME.matcher(path.getFileName().toString());
        if (matcher.matches() && Files.exists(path.resolve(Manifest.COMPLETED_FILE_NAME))) {
          entries.add(
              new Entry(path, Long.parseLong(matcher.group(2)), Files.exists(markOf(path))));
        }
      }
    }
    entries.sort(Comparator.comparingLong(Entry::number).thenComparing(Entry::path));
    return entries;
  }

  private Path markOf(Path checkpoint) {
    return directory.resolve(KEEP + checkpoint.getFileName());
  }

  /**
   * Marks a checkpoint to stay for good.
   *
   * @param checkpoint a folder of the directory; {@link Entry#path}
   * @throws IOException if the mark cannot be written
   */
  public void keep(Path checkpoint) throws IOException {
    Path mark = markOf(checkpoint);
    if (!Files.exists(mark)) {
      disk.create(mark, 0).close();
    }
  }

  /**
   * {@return what a retention would delete, oldest first: committed checkpoints that are neither
   * among the newest {@code keepLast}, nor multiples of {@code keepEvery}, nor marked}
   *
   * @param keepLast 0 keeps all
   * @param keepEvery 0 for none
   * @throws IOException if the directory cannot be listed
   */
  public List<Entry> surplus(int keepLast, long keepEvery) throws IOException {
    List<Entry> entries = committed();
    if (keepLast == 0 || entries.size() <= keepLast) {
      return List.of();
    }
    return entries.subList(0, entries.size() - keepLast).stream()
        .filter(entry -> !entry.isMarked())
        .filter(entry -> keepEvery == 0 || entry.number() % keepEvery != 0)
        .toList();
  }

  /**
   * Deletes checkpoints, each renamed away first, so that none is ever seen half deleted.
   *
   * @param entries of this directory, deleted in this order
   * @throws IOException if one cannot be renamed or deleted; the others before it are gone
   */
  public void delete(List<Entry> entries) throws IOException {
    sweep();
    for (Entry entry : entries) {
      Path gone = directory.resolve("." + entry.path().getFileName() + GONE);
      disk.rename(entry.path(), gone);
      disk.deleteTree(gone);
    }
  }

  /** Finishes deletions that a crash interrupted. */
  private void sweep() throws IOException {
    try (DirectoryStream<Path> paths = Files.newDirectoryStream(directory, ".*" + GONE)) {
      for (Path path : paths) {
        disk.deleteTree(path);
      }
    }
  }

  /** Applies a retention; what cannot be deleted is logged, as the new checkpoint is safe. */
  void retain(int keepLast, long keepEvery) {
    try {
      delete(surplus(keepLast, keepEvery));
    } catch (IOException e) {
      LOG.log(
          Level.WARNING, "old checkpoints not deleted: directory={0}, reason={1}", directory, e);
    }
  }
}
