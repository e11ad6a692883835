package dev.cairn.io.jni;

import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;

/**
 * The native file functions, as {@code cairn/cpu.h} describes them; internal.
 *
 * <p>Paths are bytes that end with NUL. The library must have been loaded with {@code
 * Loader.load(FileFunctions.class)}.
 */
@Properties({
  @Platform(include = "cairn/cpu.h", compiler = "cpp17", library = "jnicairn"),
  // So that the library is also found where there is only the jar of natives for GPUs.
  @Platform(extension = "-gpu")
})
@NoException
public final class FileFunctions {
  /** The {@code CAIRN_CPU_ABI} that these declarations were written for. */
  public static final int ABI = 7;

  private FileFunctions() {}

  /** {@return the {@code CAIRN_CPU_ABI} that the library was built with} */
  public static native int cairn_cpu_abi();

  /**
   * Reserves disk blocks.
   *
   * @param path of an existing file
   * @param lengthBytes more than 0
   * @return 0 or an errno
   */
  public static native int cairn_file_reserve(@Cast("const char*") byte[] path, long lengthBytes);

  /**
   * Renames with a flag.
   *
   * @param from path
   * @param to path
   * @param mode {@code CAIRN_RENAME_*}
   * @return 0 or an errno
   */
  public static native int cairn_file_rename(
      @Cast("const char*") byte[] from, @Cast("const char*") byte[] to, int mode);

  /**
   * Sends a range on its way to the disk.
   *
   * @param path of an existing file
   * @param fileOffset first byte
   * @param lengthBytes 0 for all up to the end
   * @return 0 or an errno
   */
  public static native int cairn_file_start_write_back(
      @Cast("const char*") byte[] path, long fileOffset, long lengthBytes);

  /**
   * Writes a range back to the disk.
   *
   * @param path of an existing file
   * @param fileOffset first byte
   * @param lengthBytes more than 0
   * @return 0 or an errno
   */
  public static native int cairn_file_write_back(
      @Cast("const char*") byte[] path, long fileOffset, long lengthBytes);

  /**
   * Writes what an errno means.
   *
   * @param error the errno
   * @param text gets the meaning, ended with NUL
   * @param capacityBytes of {@code text}
   */
  public static native void cairn_error_text(
      int error, @Cast("char*") byte[] text, long capacityBytes);
}
