package dev.cairn;

import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A save that failed on any rank. Every rank gets the same message; nothing was committed, and what
 * was there before is untouched.
 */
public final class CheckpointException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The rank at fault; -1 if it is not known. */
  private final int rank;

  /** The file that was being written; null if it was none. */
  private final String shard;

  /** First byte of the write that failed; counts only with a file. */
  private final long fileOffset;

  /** What went wrong, without the rank and the file. */
  private final String reason;

  CheckpointException(
      int rank, int worldSize, String reason, String shard, long fileOffset, Throwable cause) {
    super(message(rank, worldSize, reason, shard, fileOffset), cause);
    this.rank = rank;
    this.shard = shard;
    this.fileOffset = fileOffset;
    this.reason = reason;
  }

  private static String message(
      int rank, int worldSize, String reason, String shard, long fileOffset) {
    StringBuilder message = new StringBuilder("save failed");
    if (rank >= 0) {
      message.append(" on rank ").append(rank).append(" of ").append(worldSize);
    }
    message.append(": ").append(reason);
    if (shard != null) {
      message.append(", shard=").append(shard).append(", fileOffset=").append(fileOffset);
    }
    return message.append("; nothing committed").toString();
  }

  /** {@return the rank at fault; -1 if it is not known} */
  public int rank() {
    return rank;
  }

  /**
   * {@return the name, inside the checkpoint, of the file that was being written, if it was one}
   */
  public Optional<String> shard() {
    return Optional.ofNullable(shard);
  }

  /** {@return the offset in bytes, in that file, of the write that failed, if it was one} */
  public OptionalLong fileOffset() {
    return shard == null ? OptionalLong.empty() : OptionalLong.of(fileOffset);
  }

  /** {@return what went wrong, without the rank and the file} */
  public String reason() {
    return reason;
  }
}
