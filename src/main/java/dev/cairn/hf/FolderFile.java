package dev.cairn.hf;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file to be written beside the safetensors files: made in memory, or copied byte for byte. */
public final class FolderFile {
  private final String relativePath;
  private final byte[] bytes; // null if copied
  private final Path source; // null if made

  private FolderFile(String relativePath, byte[] bytes, Path source) {
    this.relativePath = relativePath;
    this.bytes = bytes;
    this.source = source;
  }

  /**
   * {@return a file with these bytes}
   *
   * @param relativePath below the model folder, with {@code /}
   * @param bytes the whole file; copied
   */
  public static FolderFile of(String relativePath, byte[] bytes) {
    return new FolderFile(relativePath, bytes.clone(), null);
  }

  /**
   * {@return a copy of {@code source}, which is read when the folder is written}
   *
   * @param relativePath below the model folder, with {@code /}
   * @param source an existing file
   */
  public static FolderFile copyOf(String relativePath, Path source) {
    return new FolderFile(relativePath, null, source);
  }

  /** {@return the path below the model folder, with {@code /}} */
  public String relativePath() {
    return relativePath;
  }

  /**
   * {@return the file's bytes as a stream, which the caller closes}
   *
   * @throws IOException if the source cannot be read
   */
  public InputStream open() throws IOException {
    return bytes != null ? new ByteArrayInputStream(bytes) : Files.newInputStream(source);
  }

  /**
   * {@return the length in bytes, now}
   *
   * @throws IOException if the source cannot be read
   */
  public long lengthBytes() throws IOException {
    return bytes != null ? bytes.length : Files.size(source);
  }

  @Override
  public String toString() {
    return relativePath + (source == null ? "" : " from " + source);
  }
}
