package dev.cairn.commit;

import dev.cairn.io.Disk;
import dev.cairn.io.OutputFile;
import dev.cairn.io.PathState;
import dev.cairn.machine.Machine;
import dev.cairn.safetensors.Manifest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * A folder in the making: written under a hidden name beside its target, and made visible by one
 * rename, or not at all.
 *
 * <p>Used by rank 0 alone, on one thread of its own: an interrupt of the caller would close its
 * files.
 */
public final class StagedFolder implements AutoCloseable {
  /** The marker that says that everything else in the folder was there before it. */
  public static final String COMPLETED = Manifest.COMPLETED_FILE_NAME;

  private static final Logger LOG = System.getLogger(StagedFolder.class.getName());

  /** What nobody means to replace, with all the others beside it. */
  private static final Pattern CHECKPOINT = Pattern.compile("(step|epoch)_[0-9]+");

  private static final int BUFFER_BYTES = 1 << 16;

  private final Disk disk;
  private final HiddenFolder hidden;
  private final boolean overwrite;
  private final OwnerHeartbeat heartbeat;
  private boolean isClosed;
  private boolean isOurs = true; // what lies under the temporary name, to be deleted

  private StagedFolder(
      Disk disk, HiddenFolder hidden, boolean overwrite, OwnerHeartbeat heartbeat) {
    this.disk = disk;
    this.hidden = hidden;
    this.overwrite = overwrite;
    this.heartbeat = heartbeat;
  }

  /**
   * Creates the temporary folder, after sweeping away what dead saves have left in its parent.
   *
   * @param disk does all that is done to the file system, also later
   * @param machine says who this is and beats, also later
   * @param target the folder's final name; what is missing above it is created
   * @param overwrite whether a folder may be there already; it is replaced at the commit, unless
   *     checkpoints of a run lie in it
   * @param durable whether what is created above the target survives a power cut
   * @return the folder, empty but for what marks it as in the making; the caller closes it
   * @throws FileAlreadyExistsException if something is there and must not be overwritten
   * @throws NotDirectoryException if something other than a folder is there, or above it
   */
  public static StagedFolder create(
      Disk disk, Machine machine, Path target, boolean overwrite, boolean durable)
      throws IOException {
    Path absolute = target.toAbsolutePath().normalize();
    Path parent = absolute.getParent();
    if (parent == null) {
      throw new FileAlreadyExistsException(absolute.toString());
    }
    try {
      createMissing(disk, parent, durable);
    } catch (FileAlreadyExistsException e) { // which would read as if the target existed
      throw new NotDirectoryException(e.getFile());
    }
    new AbandonedFolders(disk, machine, parent).sweep();
    checkTarget(disk, absolute, overwrite);
    HiddenFolder hidden = HiddenFolder.create(disk, machine, absolute);
    try {
      Path owner = hidden.path().resolve(FolderOwner.FILE);
      return new StagedFolder(disk, hidden, overwrite, OwnerHeartbeat.start(disk, machine, owner));
    } catch (RuntimeException | Error e) { // no thread is given
      FolderOwner.deleteFolder(disk, hidden.path());
      hidden.release();
      throw e;
    }
  }

  /**
   * Creates the folders that are missing, from the top down. Each one's name is forced before
   * anything is put into it, so that a power cut can only lose the name of an empty folder.
   */
  private static void createMissing(Disk disk, Path folder, boolean durable) throws IOException {
    Path parent = folder.getParent();
    if (disk.isFolder(folder)) {
      if (durable && parent != null && disk.list(folder).isEmpty()) {
        forceName(disk, folder, parent);
      }
      return;
    }
    createMissing(disk, parent, durable); // ends at the root, which is there
    try {
      disk.createFolder(folder);
    } catch (FileAlreadyExistsException e) {
      if (!disk.isFolder(folder)) {
        throw e;
      } // else another process was faster
    }
    try {
      disk.forceFolder(parent); // even if this save is not durable: a later one may be
    } catch (IOException e) {
      if (durable) {
        disk.delete(folder); // a later save would take it for one that survives a power cut
        throw e;
      }
      LOG.log(Level.DEBUG, "not forced: {0}", e.getMessage());
    }
  }

  /** The name of a mount point needs no forcing, and what may not be read cannot be forced. */
  private static void forceName(Disk disk, Path folder, Path parent) throws IOException {
    if (disk.fileSystemType(folder).equals(disk.fileSystemType(parent))) {
      try {
        disk.forceFolder(parent);
      } catch (AccessDeniedException e) {
        LOG.log(Level.DEBUG, "not forced: {0}", e.getMessage());
      }
    }
  }

  private static void checkTarget(Disk disk, Path target, boolean overwrite) throws IOException {
    Optional<PathState> found = disk.findHere(target);
    if (found.isEmpty()) {
      return;
    }
    if (!overwrite) {
      throw new FileAlreadyExistsException(target.toString());
    }
    if (!found.get().isFolder()) {
      throw new NotDirectoryException(target.toString());
    }
    for (Path inside : disk.list(target)) {
      if (CHECKPOINT.matcher(inside.getFileName().toString()).matches()
          && disk.exists(inside.resolve(COMPLETED))) {
        throw new FileAlreadyExistsException(
            target
                + ", checkpoints of a run lie in it, as "
                + inside.getFileName()
                + ", and would be deleted: give another folder");
      }
    }
  }

  /** {@return the absolute path of the temporary folder, which {@link #publish} renames away} */
  public Path path() {
    return hidden.path();
  }

  /** {@return the random id in the folder's name: who can read it here sees this very folder} */
  public String id() {
    return hidden.id();
  }

  /**
   * Writes one file into the folder.
   *
   * @param relativePath inside the folder; missing folders on the way are made
   * @param bytes all of the file's content
   * @param durable whether it is forced to the disk before the return
   * @return the CRC32C of its bytes
   * @throws IOException if the file exists already or cannot be written
   */
  public int write(String relativePath, byte[] bytes, boolean durable) throws IOException {
    return write(relativePath, new ByteArrayInputStream(bytes), bytes.length, durable);
  }

  /**
   * Writes one file into the folder, a buffer at a time.
   *
   * @param relativePath inside the folder; missing folders on the way are made
   * @param content not closed here
   * @param lengthBytes how much the content is
   * @param durable whether it is forced to the disk before the return
   * @return the CRC32C of its bytes
   * @throws IOException if the content is shorter or longer than it was said to be
   */
  public int write(String relativePath, InputStream content, long lengthBytes, boolean durable)
      throws IOException {
    Path file = hidden.path().resolve(relativePath);
    createInside(file.getParent());
    CRC32C crc = new CRC32C();
    long fileOffset = 0;
    try (OutputFile output = disk.create(file, lengthBytes, lengthBytes)) {
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int count = content.read(buffer); count >= 0; count = content.read(buffer)) {
        output.writeFully(ByteBuffer.wrap(buffer, 0, count), fileOffset);
        crc.update(buffer, 0, count);
        fileOffset += count;
      }
      if (fileOffset != lengthBytes) {
        throw new IOException(
            "file changed while it was copied: lengthBytes=%d, expected %d, file=%s"
                .formatted(fileOffset, lengthBytes, relativePath));
      }
      if (durable) {
        output.force();
      }
    }
    return (int) crc.getValue();
  }

  /** Creates a folder inside the one in the making, which is forced as a whole if at all. */
  private void createInside(Path folder) throws IOException {
    if (disk.find(folder).isEmpty()) {
      createInside(folder.getParent());
      disk.createFolder(folder);
    }
  }

  /**
   * Makes the folder visible under its final name. Before it, every file that must survive a power
   * cut has been forced.
   *
   * @param completed what the marker says, not empty
   * @param durable whether folders are forced too, this one before the rename and its parent after
   * @throws IOException if it could not be made visible; what was at the target before is there
   *     again
   */
  public void publish(String completed, boolean durable) throws IOException {
    write(COMPLETED, completed.getBytes(StandardCharsets.UTF_8), durable);
    heartbeat.close();
    if (durable) {
      forceFolders(hidden.path());
    }
    Commit commit = new Commit(disk, hidden);
    isOurs = false; // from here on it may be the old folder, until the commit says what it is
    try {
      Optional<Path> replaced = commit.run(overwrite, durable);
      tidy(replaced);
    } finally {
      isOurs = commit.isTakenBack();
    }
  }

  private void forceFolders(Path root) throws IOException {
    for (Path path : disk.list(root)) {
      if (disk.findHere(path).map(PathState::isFolder).orElse(false)) {
        forceFolders(path);
      }
    }
    disk.forceFolder(root);
  }

  /** The new folder is committed: what is left of the old one is no reason to fail. */
  private void tidy(Optional<Path> replaced) {
    try {
      if (replaced.isPresent()) {
        FolderOwner.deleteFolder(disk, replaced.get());
      }
      FolderOwner.remove(disk, hidden.target());
    } catch (IOException | RuntimeException e) {
      LOG.log(
          Level.WARNING, "not tidied after a commit: folder={0}, reason={1}", hidden.target(), e);
    }
  }

  /** Deletes the temporary folder if there still is one, and it is not the one to be replaced. */
  @Override
  public void close() throws IOException {
    if (isClosed) {
      return;
    }
    isClosed = true;
    heartbeat.close();
    try {
      if (isOurs) {
        FolderOwner.deleteFolder(disk, hidden.path());
      }
    } finally {
      hidden.release();
    }
  }
}
