package dev.cairn.options;

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

  /**
   * Creates what a trainer is told of a failure.
   *
   * @param message all of it
   * @param cause what this rank saw of it; null if it was another's
   * @param rank the rank at fault; -1 if it is not known
   * @param shard name of the file that was being written; null if it was none
   * @param fileOffset first byte of the write that failed; counts only with a file
   * @param reason what went wrong, without the rank and the file
   */
  public CheckpointException(
      String message, Throwable cause, int rank, String shard, long fileOffset, String reason) {
    super(message, cause);
    this.rank = rank;
    this.shard = shard;
    this.fileOffset = fileOffset;
    this.reason = reason;
  }

  /**
   * {@return the same failure in other words}
   *
   * @param message all of it
   * @param otherCause its cause
   */
  public CheckpointException with(String message, Throwable otherCause) {
    return new CheckpointException(message, otherCause, rank, shard, fileOffset, reason);
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
