package dev.cairn.comm.channel;

/** A trainer's NCCL communicator, while it is lent to Cairn. Any thread. */
public interface NcclLoan extends AutoCloseable {
  /**
   * Returns whether saves are still gathered over it.
   *
   * @return false once this is closed, and after a save that failed and has left something in the
   *     communicator: then the trainer has to abort it
   */
  boolean isOpen();

  /** Ends the loan; the communicator is left as it is. May be called twice. */
  @Override
  void close();
}
