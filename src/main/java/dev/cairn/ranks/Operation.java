package dev.cairn.ranks;

import dev.cairn.options.CheckpointException;

/** What ranks do together, as the message of its failure says it. */
public enum Operation {
  SAVE("save", "nothing committed"),
  LATEST("search for the latest checkpoint", "nothing was changed"),
  RESTORE("restore", "partitions are undefined");

  private final String words;
  private final String consequence;

  Operation(String words, String consequence) {
    this.words = words;
    this.consequence = consequence;
  }

  /**
   * Returns the failure of the operation. Its message ends with what that means for the checkpoint.
   *
   * @param rank the rank at fault; -1 if it is not known
   * @param shard name of the file that was being written; null if it was none
   */
  CheckpointException failure(
      int rank, int worldSize, String reason, String shard, long fileOffset, Throwable cause) {
    StringBuilder message = new StringBuilder(words).append(" failed");
    if (rank >= 0) {
      message.append(" on rank ").append(rank).append(" of ").append(worldSize);
    }
    message.append(": ").append(reason);
    if (shard != null) {
      message.append(", shard=").append(shard).append(", fileOffset=").append(fileOffset);
    }
    message.append("; ").append(consequence);
    return new CheckpointException(message.toString(), cause, rank, shard, fileOffset, reason);
  }

  /** Returns the same failure, of the phase in which rank 0 commits. */
  static CheckpointException whileCommitting(CheckpointException failure) {
    String message =
        failure
            .getMessage()
            .replace(
                SAVE.consequence,
                "it happened during the commit: the checkpoint is whole if it is there");
    return failure.with(message, failure.getCause());
  }
}
