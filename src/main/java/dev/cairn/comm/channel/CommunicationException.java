package dev.cairn.comm.channel;

import java.io.IOException;

/**
 * A rank died, hung, cancelled or could not be reached; the message names it and is the same on
 * every rank that survives.
 */
public class CommunicationException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The value of {@link #rank()} when nobody can be blamed. */
  public static final int UNKNOWN_RANK = -1;

  /** The rank at fault, or {@link #UNKNOWN_RANK}. */
  private final int rank;

  /**
   * Creates one that blames a rank.
   *
   * @param rank the rank at fault, or {@link #UNKNOWN_RANK}
   * @param message who did what; the same on every rank
   */
  public CommunicationException(int rank, String message) {
    super(message);
    this.rank = rank;
  }

  /**
   * Creates one that blames a rank and keeps its cause.
   *
   * @param rank the rank at fault, or {@link #UNKNOWN_RANK}
   * @param message who did what; the same on every rank
   * @param cause what this rank saw of it
   */
  public CommunicationException(int rank, String message, Throwable cause) {
    super(message, cause);
    this.rank = rank;
  }

  /**
   * Returns who is to blame.
   *
   * @return the rank at fault, or {@link #UNKNOWN_RANK}
   */
  public int rank() {
    return rank;
  }
}
