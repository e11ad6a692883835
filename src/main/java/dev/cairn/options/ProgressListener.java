package dev.cairn.options;

/** Is told how a save gets on, on this rank; for a progress bar or a metric. */
@FunctionalInterface
public interface ProgressListener {
  /**
   * A phase has begun, or more bytes of it are done.
   *
   * <p>Called on Cairn's threads, one call at a time, and must return soon. What it throws is
   * logged; the save goes on without it.
   *
   * @param phase where the save is
   * @param doneBytes of tensors that this rank has written, or sent to rank 0; grows
   * @param totalBytes how many they will be; 0 until that is known
   */
  void progress(SavePhase phase, long doneBytes, long totalBytes);
}
