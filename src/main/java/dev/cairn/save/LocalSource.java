package dev.cairn.save;

import dev.cairn.copy.PartitionSource;
import dev.cairn.copy.Partitions;
import dev.cairn.copy.PieceSource;
import dev.cairn.copy.Scratch;
import dev.cairn.copy.TensorChecksums;
import dev.cairn.gpu.DeviceSource;
import dev.cairn.gpu.DeviceStaging;
import dev.cairn.model.Parameter;
import dev.cairn.plan.SavePlan;
import java.util.List;
import java.util.Optional;

/** This rank's own pieces, wherever their partitions are, for the time of one copy. */
final class LocalSource implements AutoCloseable {
  private final Scratch scratch;
  private final Optional<DeviceStaging> device;
  private final PieceSource source;
  private final PieceSource packing;

  /**
   * Opens a source of these tensors' pieces.
   *
   * @param checksums gets all pieces that go through it
   * @param staysInPlace whether what needs no cast is taken from where it lies
   */
  LocalSource(
      SaveContext tools,
      SavePlan plan,
      List<Parameter> tensors,
      TensorChecksums checksums,
      boolean staysInPlace) {
    Partitions own = new LocalPartitions(tensors);
    boolean allInMemory = tensors.stream().allMatch(tensor -> tensor.partition().isInMemory());
    device = tools.devices().after(tensors);
    scratch = allInMemory ? null : new Scratch(tools.staging().count());
    source = source(tools, plan, own, checksums, staysInPlace);
    packing = staysInPlace ? source(tools, plan, own, checksums, false) : source;
  }

  private PieceSource source(
      SaveContext tools,
      SavePlan plan,
      Partitions own,
      TensorChecksums checksums,
      boolean staysInPlace) {
    PartitionSource host =
        new PartitionSource(plan, own, tools.kernels(), checksums, scratch, staysInPlace);
    return device.isEmpty()
        ? host
        : new DeviceSource(plan, own, host, tools.kernels(), checksums, device.get());
  }

  PieceSource source() {
    return source;
  }

  /** Returns a source that puts all pieces of a chunk together in the staging buffer. */
  PieceSource packing() {
    return packing;
  }

  /** Returns whether all of them lie in the host's memory. */
  boolean isMemory() {
    return device.isEmpty() && scratch == null;
  }

  /** Waits until no GPU reads the partitions or writes to the staging buffers any more. */
  @Override
  public void close() {
    try {
      device.ifPresent(DeviceStaging::settle);
    } finally {
      if (scratch != null) {
        scratch.close();
      }
    }
  }
}
