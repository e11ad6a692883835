package dev.cairn.copy;

import java.io.IOException;

/** A file of a checkpoint could not be made or written; says which, and where in it. */
public final class ShardException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The file's name inside the checkpoint. */
  private final String shard;

  /** First byte that the failed call was for. */
  private final long fileOffset;

  ShardException(String shard, long fileOffset, IOException cause) {
    super(cause.getMessage(), cause);
    this.shard = shard;
    this.fileOffset = fileOffset;
  }

  /** {@return the file's name inside the checkpoint} */
  public String shard() {
    return shard;
  }

  /** {@return the first byte, counted in the file, that the failed call was for} */
  public long fileOffset() {
    return fileOffset;
  }
}
