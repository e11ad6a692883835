package dev.cairn.io;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The file system calls that a save makes: the seam at which tests inject faults.
 *
 * <p>Every {@link IOException} names the path. Calls must come from threads that nobody interrupts:
 * an interrupt would close the channel that is being written.
 */
public interface Disk {
  /** Returns the local file system. */
  static Disk local() {
    return LocalDisk.INSTANCE;
  }

  /** Creates one folder; its parent exists. */
  void createFolder(Path folder) throws IOException;

  /**
   * Creates a file that must not exist and reserves its length, so that a full disk shows now and
   * not after minutes of writing.
   *
   * @throws IOException if the file exists or the disk has no room for it
   */
  OutputFile create(Path file, long lengthBytes) throws IOException;

  /** Opens a file that another rank has created. */
  OutputFile open(Path file) throws IOException;

  /** Copies a whole file to a path that must not exist. */
  void copy(Path source, Path target) throws IOException;

  /** Makes a folder's entries survive a power cut. */
  void forceFolder(Path folder) throws IOException;

  /**
   * Renames within one file system.
   *
   * @throws java.nio.file.FileAlreadyExistsException if {@code target} exists
   */
  void rename(Path source, Path target) throws IOException;

  /** Swaps two paths in one step; returns false where the file system cannot. */
  boolean exchange(Path first, Path second) throws IOException;

  /** Deletes a file. */
  void delete(Path file) throws IOException;

  /** Deletes a folder and what is in it, not following symbolic links; fine if it is not there. */
  void deleteTree(Path folder) throws IOException;
}
