package dev.cairn.io;

import dev.cairn.io.jni.FileFunctions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;

/**
 * The file functions of the operating system that the JDK lacks. Any thread.
 *
 * <p>Where the native library is missing each says "unsupported" in its way, never fails; the
 * reason is logged once.
 */
public final class NativeFiles {
  private static final System.Logger LOGGER = System.getLogger(NativeFiles.class.getName());
  private static final boolean AVAILABLE = load();

  // Of Linux; the library exists for no other system.
  private static final int ENOENT = 2;
  private static final int EEXIST = 17;
  private static final int EXDEV = 18;
  private static final int EINVAL = 22;
  private static final int ESPIPE = 29;
  private static final int ENOSYS = 38;
  private static final int EOPNOTSUPP = 95;

  private NativeFiles() {}

  private static boolean load() {
    String reason = reasonNotLoaded();
    if (reason != null) {
      LOGGER.log(
          Level.WARNING,
          "file space is not reserved and folders are not exchanged atomically: {0}",
          reason);
    }
    return reason == null;
  }

  private static String reasonNotLoaded() {
    try {
      Loader.load(FileFunctions.class);
      // Called whatever load said: it is silent where the library failed to load once before.
      int abi = FileFunctions.cairn_cpu_abi();
      return abi == FileFunctions.ABI
          ? null
          : "native library of another version: abi=" + abi + ", expected " + FileFunctions.ABI;
    } catch (LinkageError | RuntimeException e) {
      return "native library not loaded: " + e.getMessage();
    }
  }

  /** {@return whether the native library is there} */
  public static boolean isAvailable() {
    return AVAILABLE;
  }

  /**
   * Gives an existing file disk blocks for its first {@code lengthBytes} bytes and at least that
   * length; what it holds stays.
   *
   * @param file the file
   * @param lengthBytes 0 or more
   * @return true if reserved; false if the file system or this platform cannot, and nothing changed
   * @throws NoSuchFileException if the file does not exist
   * @throws IOException if it cannot be reserved, for want of space above all
   */
  public static boolean reserve(Path file, long lengthBytes) throws IOException {
    if (lengthBytes < 0) {
      throw new IllegalArgumentException(
          "cannot reserve: lengthBytes=" + lengthBytes + ", expected 0 or more, file=" + file);
    }
    if (!AVAILABLE) {
      return false;
    }
    if (lengthBytes == 0) {
      return true; // The system call refuses it.
    }
    int error = FileFunctions.cairn_file_reserve(bytes(file), lengthBytes);
    if (error == EOPNOTSUPP || error == ENOSYS) {
      return false;
    }
    check(error, file, null, "reserve failed: lengthBytes=" + lengthBytes);
    return true;
  }

  /**
   * Renames a file or folder atomically.
   *
   * @param from existing file or folder
   * @param to its new path
   * @param mode what it does to what is there
   * @return true if done; false if the file system, the kernel or this platform cannot rename this
   *     way, and nothing changed
   * @throws FileAlreadyExistsException if {@code to} exists, with {@link RenameMode#NO_REPLACE}
   * @throws NoSuchFileException if one that must exist does not
   * @throws IOException if it fails for another reason
   */
  public static boolean rename(Path from, Path to, RenameMode mode) throws IOException {
    if (!AVAILABLE) {
      return false;
    }
    int code = mode == RenameMode.NO_REPLACE ? 1 : 2;
    int error = FileFunctions.cairn_file_rename(bytes(from), bytes(to), code);
    // EXDEV: overlayfs cannot rename a folder of its lower layer, as of a container's image.
    if (error == EINVAL || error == ENOSYS || error == EOPNOTSUPP || error == EXDEV) {
      return false;
    }
    check(error, from, to, "rename failed: mode=" + mode);
    return true;
  }

  /**
   * Sends a range of a file on its way to the disk, which promises nothing; does nothing where that
   * is not supported.
   *
   * @param file the file
   * @param fileOffset first byte of the range
   * @param lengthBytes 0 for all bytes up to the end
   * @throws NoSuchFileException if the file does not exist
   * @throws IOException if the file cannot be opened or the range is wrong
   */
  public static void startWriteBack(Path file, long fileOffset, long lengthBytes)
      throws IOException {
    if (!AVAILABLE) {
      return;
    }
    int error = FileFunctions.cairn_file_start_write_back(bytes(file), fileOffset, lengthBytes);
    if (error == ENOSYS || error == ESPIPE) {
      return;
    }
    check(error, file, null, "write failed: fileOffset=" + fileOffset);
  }

  /**
   * Writes a range of a file that is still in memory to its disk and waits for that. It is not
   * durable thereby, but the force that makes it so has less to do.
   *
   * @param file the file
   * @param fileOffset first byte of the range
   * @param lengthBytes more than 0; the range may end beyond the file
   * @return true if written; false if the file system or this platform cannot
   * @throws IOException if it cannot be written
   */
  public static boolean writeBack(Path file, long fileOffset, long lengthBytes) throws IOException {
    if (!AVAILABLE) {
      return false;
    }
    int error = FileFunctions.cairn_file_write_back(bytes(file), fileOffset, lengthBytes);
    if (error == ENOSYS || error == ESPIPE || error == EOPNOTSUPP) {
      return false;
    }
    check(error, file, null, "write failed: fileOffset=" + fileOffset);
    return true;
  }

  private static void check(int error, Path file, Path other, String what) throws IOException {
    if (error == 0) {
      return;
    }
    String otherName = other == null ? null : other.toString();
    String reason = what + ", " + text(error);
    throw switch (error) {
      case ENOENT -> new NoSuchFileException(file.toString(), otherName, reason);
      case EEXIST -> new FileAlreadyExistsException(file.toString(), otherName, reason);
      default -> new FileSystemException(file.toString(), otherName, reason);
    };
  }

  private static String text(int error) {
    byte[] text = new byte[256];
    FileFunctions.cairn_error_text(error, text, text.length);
    int lengthBytes = 0;
    while (text[lengthBytes] != 0) {
      lengthBytes++;
    }
    return new String(text, 0, lengthBytes, StandardCharsets.UTF_8);
  }

  /**
   * Returns the bytes that the operating system knows a path by, and NUL. A path's URI has them
   * percent-encoded; its string has gone through a charset that may lose some.
   */
  private static byte[] bytes(Path path) {
    String raw = path.toUri().getRawPath();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(raw.length() + 1);
    // A slash behind a folder's name would make of a link to a folder the folder itself.
    int end = raw.length() > 1 && raw.endsWith("/") ? raw.length() - 1 : raw.length();
    for (int i = 0; i < end; i++) {
      if (raw.charAt(i) == '%') {
        bytes.write(Integer.parseInt(raw, i + 1, i + 3, 16));
        i += 2;
      } else {
        bytes.write(raw.charAt(i));
      }
    }
    bytes.write(0);
    return bytes.toByteArray();
  }
}
