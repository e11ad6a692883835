package dev.cairn.options;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What a save did, as this rank saw it.
 *
 * @param folder the committed folder
 * @param mode how it was written: {@link SaveMode#GATHER} or {@link SaveMode#PARALLEL}
 * @param shards the safetensors files in it
 * @param lengthBytes bytes of those files together
 * @param writtenBytes how many of them this rank wrote
 * @param nanos what each phase took on this rank, one after the other
 * @param work what each kind of work came to on this rank, on all its threads together; only kinds
 *     that were done. An asynchronous save's snapshot is part of it
 */
public record SaveReport(
    Path folder,
    SaveMode mode,
    List<String> shards,
    long lengthBytes,
    long writtenBytes,
    Map<SavePhase, Long> nanos,
    Map<SaveWork, Total> work) {
  /**
   * What the work of one kind came to.
   *
   * @param count how often it was done
   * @param bytes their bytes
   * @param nanos the time that they took, added up over threads that work side by side
   */
  public record Total(long count, long bytes, long nanos) {}

  /** {@return what the whole save took on this rank, in seconds} */
  public double seconds() {
    return nanos.values().stream().mapToLong(Long::longValue).sum() / 1e9;
  }
}
