package dev.cairn.commit;

import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A new folder beside its target, under a hidden name, with a file that says whose it is.
 *
 * <p>A crash after the folder is made and before the file is leaves an empty folder without an
 * owner. Nobody can know whose it is, so it stays until it has been silent for a day; it takes no
 * room. No order of calls avoids that: a file needs its folder first.
 *
 * @param path absolute
 * @param target what it is to become
 * @param id random, a part of the names of this folder and of the one that it replaces
 * @param owner what its owner file says
 */
record HiddenFolder(Path path, Path target, String id, FolderOwner owner) {
  private static final Pattern NAME = Pattern.compile("\\.(.+)\\.(tmp|old)-([0-9a-f]+)");

  /**
   * Ids of the hidden folders that this process works in. Others that name it as owner are left
   * over.
   */
  private static final Set<String> OPEN = ConcurrentHashMap.newKeySet();

  static HiddenFolder create(Disk disk, Machine machine, Path target) throws IOException {
    byte[] random = new byte[6];
    machine.fillRandom(random);
    String id = HexFormat.of().formatHex(random);
    Path path = target.resolveSibling("." + target.getFileName() + ".tmp-" + id);
    FolderOwner owner = new FolderOwner(machine.self(), "new " + id);
    HiddenFolder folder = new HiddenFolder(path, target, id, owner);
    OPEN.add(id);
    try {
      disk.createFolder(path);
      folder.claim(disk);
      return folder;
    } catch (IOException | RuntimeException | Error e) {
      folder.release();
      throw e;
    }
  }

  private void claim(Disk disk) throws IOException {
    try {
      owner.write(disk, path);
    } catch (IOException | RuntimeException e) {
      try {
        disk.deleteTree(path);
      } catch (IOException | RuntimeException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  /** Returns where the folder that is at the target goes, if the two cannot be exchanged. */
  Path oldPath() {
    return target.resolveSibling("." + target.getFileName() + ".old-" + id);
  }

  /** Returns the owner of the folder that is at the target, once that is replaced by this one. */
  FolderOwner oldOwner() {
    return new FolderOwner(owner.process(), "old " + id);
  }

  /** Takes note that this process no longer works in the folder; a second call does nothing. */
  void release() {
    OPEN.remove(id);
  }

  /** Returns whether this process works in a folder with this name. */
  static boolean isOpenHere(Matcher name) {
    return OPEN.contains(name.group(3));
  }

  /** Returns a match of the name; group 1 is the target's name, 2 whether it is new or old. */
  static Matcher match(Path path) {
    return NAME.matcher(path.getFileName().toString());
  }
}
