package dev.cairn.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The calls of the file system by which checkpoints are written, found and read: the seam at which
 * tests inject faults, and at which a simulation takes over.
 *
 * <p>Every {@link IOException} names the path. Calls must come from threads that nobody interrupts:
 * an interrupt would close the channel that is being written.
 */
public interface Disk {
  /** {@return the local file system} */
  static Disk local() {
    return LocalDisk.INSTANCE;
  }

  /**
   * Creates one folder.
   *
   * @param folder must not exist; its parent does
   * @throws IOException if it exists or cannot be made
   */
  void createFolder(Path folder) throws IOException;

  /**
   * Creates a file that must not exist and reserves its length, so that a full disk shows now and
   * not after minutes of writing.
   *
   * @param file must not exist; its folder does
   * @param lengthBytes 0 or more; where the file system cannot reserve, the file only gets this
   *     length
   * @param plannedBytes what is to be written in all, to this file and to others that are created
   *     before any is written: free space that is not reserved must do for them together
   * @return the file, open for writing; the caller closes it
   * @throws IOException if the file exists or the disk has no room for it
   */
  OutputFile create(Path file, long lengthBytes, long plannedBytes) throws IOException;

  /**
   * Opens a file that another rank has created; nothing in it changes.
   *
   * @param file exists
   * @return the file, open for writing; the caller closes it
   * @throws IOException if it is not there or may not be written
   */
  OutputFile open(Path file) throws IOException;

  /**
   * Opens a file as {@link #open} does, to be written past the page cache as far as that is
   * possible: whole blocks that lie in direct memory as they will in the file.
   *
   * @param file exists
   * @return the file, open for writing; the caller closes it
   * @throws IOException if it is not there or may not be written
   */
  default OutputFile openDirect(Path file) throws IOException {
    return open(file);
  }

  /**
   * Copies a whole file.
   *
   * @param source a file
   * @param target must not exist
   * @throws IOException if one cannot be read or the other not be written; the target may then be
   *     there in part
   */
  void copy(Path source, Path target) throws IOException;

  /**
   * Makes a folder's entries survive a power cut.
   *
   * @param folder whose entries, not their content, must survive
   * @throws IOException if they may not
   */
  void forceFolder(Path folder) throws IOException;

  /**
   * Renames within one file system.
   *
   * @param source a file or folder
   * @param target must not exist; on the same file system
   * @throws java.nio.file.FileAlreadyExistsException if {@code target} exists
   */
  void rename(Path source, Path target) throws IOException;

  /**
   * Swaps two files or folders in one step.
   *
   * @param first exists
   * @param second exists, on the same file system
   * @return whether it was done; false where the file system cannot, and nothing has changed then
   * @throws IOException if it failed for another reason
   */
  boolean exchange(Path first, Path second) throws IOException;

  /**
   * Deletes a file or an empty folder.
   *
   * @param path exists
   * @throws IOException if it is still there, as a folder is that is not empty
   */
  void delete(Path path) throws IOException;

  /**
   * Deletes a file or link, or a folder and what is in it, not following symbolic links; fine if
   * nothing is there.
   *
   * @param path need not exist
   * @throws IOException if something of it is still there
   */
  void deleteTree(Path path) throws IOException;

  /**
   * Opens a file for reading.
   *
   * @param file exists; not a folder
   * @return the file; the caller closes it
   * @throws java.nio.file.NoSuchFileException if it is not there
   */
  InputFile openForReading(Path file) throws IOException;

  /**
   * Reads a whole small file.
   *
   * @param file exists; not a folder
   * @return its bytes
   * @throws java.nio.file.NoSuchFileException if it is not there
   */
  default byte[] readAll(Path file) throws IOException {
    try (InputFile input = openForReading(file)) {
      byte[] bytes = new byte[Math.toIntExact(input.lengthBytes())];
      input.read(0, ByteBuffer.wrap(bytes));
      return bytes;
    }
  }

  /**
   * Looks at a path; symbolic links are followed.
   *
   * @param path need not exist
   * @return what is there; empty if nothing is, or a link that leads nowhere
   * @throws IOException if that cannot be found out
   */
  Optional<PathState> find(Path path) throws IOException;

  /**
   * Looks at a path; a symbolic link at its end is not followed.
   *
   * @param path need not exist
   * @return what is there; empty if nothing is
   * @throws IOException if that cannot be found out
   */
  Optional<PathState> findHere(Path path) throws IOException;

  /**
   * Returns whether something is at a path; symbolic links are followed.
   *
   * @param path need not exist
   * @return false also for a link that leads nowhere
   * @throws IOException if that cannot be found out
   */
  default boolean exists(Path path) throws IOException {
    return find(path).isPresent();
  }

  /**
   * Returns whether something is at a path; a symbolic link at its end is something.
   *
   * @param path need not exist
   * @return whatever it is
   * @throws IOException if that cannot be found out
   */
  default boolean existsHere(Path path) throws IOException {
    return findHere(path).isPresent();
  }

  /**
   * Returns whether a folder is at a path; symbolic links are followed.
   *
   * @param path need not exist
   * @return false if nothing is there, or something else
   * @throws IOException if that cannot be found out
   */
  default boolean isFolder(Path path) throws IOException {
    return find(path).map(PathState::isFolder).orElse(false);
  }

  /**
   * Follows all symbolic links of a path.
   *
   * @param path exists
   * @return where it leads, an absolute path without links
   * @throws java.nio.file.NoSuchFileException if nothing is there
   */
  Path realPath(Path path) throws IOException;

  /**
   * Lists a folder.
   *
   * @param folder exists
   * @return the paths of what is in it, in the order of their names
   * @throws java.nio.file.NoSuchFileException if it is not there
   * @throws IOException if it cannot be listed to its end
   */
  List<Path> list(Path folder) throws IOException;

  /**
   * Sets a file's modification time to the present, by the clock of whoever keeps the files.
   *
   * @param file exists and is not empty; its bytes stay what they are
   * @throws IOException if it does not or may not be written
   */
  void touch(Path file) throws IOException;

  /**
   * Returns the type of the file system that a path is on, in small letters.
   *
   * @param path exists
   * @return for example {@code ext4}; empty where the process does not see what is mounted
   * @throws IOException if that cannot be found out
   */
  String fileSystemType(Path path) throws IOException;
}
