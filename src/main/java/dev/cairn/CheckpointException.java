package dev.cairn;

import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A save that failed on any rank. Every rank gets the same message; nothing was committed, and what
 * was there before is untouched. A search for the latest checkpoint and a restore fail likewise,
 * and say so; after a failed restore the partitions are undefined.
 *
 * <p>One failure of a save leaves that open: a rank that is lost while rank 0 commits. All data
 * were in their files by then, so the checkpoint is complete if it is there; the message says so.
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
      Operation operation,
      int rank,
      int worldSize,
      String reason,
      String shard,
      long fileOffset,
      Throwable cause) {
    this(
        message(operation, rank, worldSize, reason, shard, fileOffset),
        cause,
        rank,
        shard,
        fileOffset,
        reason);
  }

  private CheckpointException(
      String message, Throwable cause, int rank, String shard, long fileOffset, String reason) {
    super(message, cause);
    this.rank = rank;
    this.shard = shard;
    this.fileOffset = fileOffset;
    this.reason = reason;
  }

  /** Returns the same failure, of the phase in which rank 0 commits. */
  CheckpointException whileCommitting() {
    String message =
        getMessage()
            .replace(
                Operation.SAVE.consequence(),
                "it happened during the commit: the checkpoint is whole if it is there");
    return new CheckpointException(message, getCause(), rank, shard, fileOffset, reason);
  }

  /** Returns the same failure as the other ranks have it. */
  CheckpointException withoutCause() {
    return new CheckpointException(getMessage(), null, rank, shard, fileOffset, reason);
  }

  private static String message(
      Operation operation, int rank, int worldSize, String reason, String shard, long fileOffset) {
    StringBuilder message = new StringBuilder(operation.words()).append(" failed");
    if (rank >= 0) {
      message.append(" on rank ").append(rank).append(" of ").append(worldSize);
    }
    message.append(": ").append(reason);
    if (shard != null) {
      message.append(", shard=").append(shard).append(", fileOffset=").append(fileOffset);
    }
    return message.append("; ").append(operation.consequence()).toString();
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
