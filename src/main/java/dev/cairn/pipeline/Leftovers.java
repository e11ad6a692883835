package dev.cairn.pipeline;

import dev.cairn.io.Disk;
import dev.cairn.io.PathState;
import dev.cairn.machine.Machine;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What saves that died have left beside a target, all of it under names that start with a dot. */
public final class Leftovers {
  private static final Logger LOG = System.getLogger(Leftovers.class.getName());

  /** The name of a leftover, and in it the name of the target that it was to be, or had been. */
  private static final Pattern NAME = Pattern.compile("\\.(.+)\\.(?:tmp|old)-[0-9a-f]+");

  private Leftovers() {}

  static String temporaryName(Path target, String id) {
    return "." + target.getFileName() + ".tmp-" + id;
  }

  static String oldName(Path target, String id) {
    return "." + target.getFileName() + ".old-" + id;
  }

  /**
   * Finishes or undoes interrupted replacements of the target, and deletes temporary folders that
   * nobody works in any more. Folders of living owners stay.
   */
  static void sweep(Disk disk, Machine machine, Path target) throws IOException {
    settleReplacements(disk, target);
    for (Path folder : siblings(disk, target, temporaryName(target, ""))) {
      if (Owner.isAbandoned(disk, machine, folder)) {
        LOG.log(Level.INFO, "an abandoned temporary folder is removed: {0}", folder);
        disk.deleteTree(folder);
      }
    }
  }

  /**
   * Sweeps away what dead saves of any target in a directory have left: a save that died is often
   * not made again under the same name.
   *
   * @param disk where the directory is
   * @param machine knows who is dead
   * @param directory absolute; fine if it is not there
   * @param isTarget which names in it are targets
   * @throws IOException if something cannot be read, renamed or deleted
   */
  public static void sweepAll(
      Disk disk, Machine machine, Path directory, Predicate<String> isTarget) throws IOException {
    for (Path target : targets(disk, directory, isTarget)) {
      sweep(disk, machine, target);
    }
  }

  /**
   * Finishes or undoes interrupted replacements of any target in a directory: before that, what was
   * to be replaced is not under its name.
   *
   * @param disk where the directory is
   * @param directory absolute; fine if it is not there
   * @param isTarget which names in it are targets
   * @throws IOException if something cannot be read, renamed or deleted
   */
  public static void settleReplacements(Disk disk, Path directory, Predicate<String> isTarget)
      throws IOException {
    for (Path target : targets(disk, directory, isTarget)) {
      settleReplacements(disk, target);
    }
  }

  private static void settleReplacements(Disk disk, Path target) throws IOException {
    for (Path old : siblings(disk, target, oldName(target, ""))) {
      if (disk.findHere(target).isPresent()) {
        disk.deleteTree(old);
      } else {
        LOG.log(Level.INFO, "an interrupted replacement is undone: {0} -> {1}", old, target);
        disk.rename(old, target);
      }
    }
  }

  private static Set<Path> targets(Disk disk, Path directory, Predicate<String> isTarget)
      throws IOException {
    Set<Path> targets = new TreeSet<>();
    if (!disk.find(directory).map(PathState::isFolder).orElse(false)) {
      return targets;
    }
    for (Path path : disk.list(directory)) {
      Matcher matcher = NAME.matcher(path.getFileName().toString());
      if (matcher.matches() && isTarget.test(matcher.group(1))) {
        targets.add(directory.resolve(matcher.group(1)));
      }
    }
    return targets;
  }

  private static List<Path> siblings(Disk disk, Path target, String prefix) throws IOException {
    return disk.list(target.getParent()).stream()
        .filter(path -> path.getFileName().toString().startsWith(prefix))
        .toList();
  }
}
