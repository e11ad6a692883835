package dev.cairn.pipeline;

import java.io.IOException;

/** A file of a checkpoint could not be made or written; says which, and where in it. */
public final class ShardException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String shard;
  private final long fileOffset;

  ShardException(String shard, long fileOffset, IOException cause) {
    super(cause.getMessage(), cause);
    this.shard = shard;
    this.fileOffset = fileOffset;
  }

  /** Returns the file's name inside the checkpoint. */
  public String shard() {
    return shard;
  }

  /** Returns the offset at which the call was made. */
  public long fileOffset() {
    return fileOffset;
  }
}
