package dev.cairn.commit;

import dev.cairn.io.Disk;
import dev.cairn.io.OutputFile;
import dev.cairn.io.PathState;
import dev.cairn.machine.ProcessIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Whose a folder under a hidden name is: the lines of its file {@code owner}, whose modification
 * time is the owner's last sign of life. Only a folder with a whole one is Cairn's.
 *
 * @param process who works in the folder, or did
 * @param role what the folder is to it, so that two of one process can be told apart
 */
record FolderOwner(ProcessIdentity process, String role) {
  /** The file's name inside the folder. */
  static final String FILE = "owner";

  private static final String FORM = "cairn-owner 1";
  private static final long MAX_BYTES = 4096;

  /** Writes it into a folder, in the place of one that is there. */
  void write(Disk disk, Path folder) throws IOException {
    byte[] bytes = encode();
    remove(disk, folder);
    try (OutputFile file = disk.create(folder.resolve(FILE), bytes.length, bytes.length)) {
      file.writeFully(ByteBuffer.wrap(bytes), 0);
    }
  }

  private byte[] encode() {
    return String.join(
            "\n",
            FORM,
            process.bootId(),
            process.namespace(),
            Long.toString(process.pid()),
            Long.toString(process.startTicks()),
            role,
            "")
        .getBytes(StandardCharsets.UTF_8);
  }

  /** Makes a folder's owner survive a power cut. */
  static void force(Disk disk, Path folder) throws IOException {
    try (OutputFile file = disk.open(folder.resolve(FILE))) {
      file.force();
    }
    disk.forceFolder(folder);
  }

  /** Returns a folder's owner; empty if it has none, or what is there is no whole file of ours. */
  static Optional<FolderOwner> of(Disk disk, Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    Optional<PathState> found = disk.findHere(file);
    if (found.isEmpty() || !found.get().isFile() || found.get().lengthBytes() > MAX_BYTES) {
      return Optional.empty();
    }
    try {
      return parse(disk.readAll(file));
    } catch (NoSuchFileException e) { // its owner has just finished
      return Optional.empty();
    }
  }

  /** Returns whether nothing is in a folder but an owner's file, whole or not, or not even that. */
  static boolean isAlone(Disk disk, Path folder) throws IOException {
    try {
      for (Path path : disk.list(folder)) {
        Optional<PathState> found = disk.findHere(path);
        if (!path.endsWith(FILE)
            || found.isEmpty()
            || !found.get().isFile()
            || found.get().lengthBytes() > MAX_BYTES) {
          return false;
        }
      }
      return true;
    } catch (NoSuchFileException | AccessDeniedException e) { // gone, or not for us to see
      return false;
    }
  }

  private static Optional<FolderOwner> parse(byte[] bytes) {
    List<String> lines = List.of(new String(bytes, StandardCharsets.UTF_8).split("\n", -1));
    try {
      if (lines.size() == 7 && lines.get(0).equals(FORM) && lines.get(6).isEmpty()) {
        ProcessIdentity process =
            new ProcessIdentity(
                lines.get(1),
                lines.get(2),
                Long.parseLong(lines.get(3)),
                Long.parseLong(lines.get(4)));
        return Optional.of(new FolderOwner(process, lines.get(5)));
      }
      if (lines.size() == 4 && lines.get(3).isEmpty()) { // of a version that knew hosts by name
        Long.parseLong(lines.get(2));
        long pid = Long.parseLong(lines.get(1));
        return Optional.of(new FolderOwner(new ProcessIdentity("", lines.get(0), pid, 0), ""));
      }
      return Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Takes the owner out of a folder; fine if there is none. */
  static void remove(Disk disk, Path folder) throws IOException {
    if (disk.existsHere(folder.resolve(FILE))) {
      disk.delete(folder.resolve(FILE));
    }
  }

  /**
   * Deletes a folder, its owner last: what is left if that is interrupted can still be told from
   * what is somebody else's. Fine if another process is faster.
   */
  static void deleteFolder(Disk disk, Path folder) throws IOException {
    try {
      for (Path path : disk.list(folder)) {
        if (!path.endsWith(FILE)) {
          disk.deleteTree(path);
        }
      }
    } catch (NoSuchFileException e) {
      return;
    }
    deleteEmptyFolder(disk, folder);
  }

  /**
   * Deletes a folder in which nothing is but perhaps an owner. Fails if there is something else,
   * which stays. Fine if another process is faster.
   */
  static void deleteEmptyFolder(Disk disk, Path folder) throws IOException {
    try {
      remove(disk, folder);
      disk.delete(folder);
    } catch (NoSuchFileException e) {
      return;
    }
  }
}
