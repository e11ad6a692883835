package dev.cairn.pipeline;

import dev.cairn.kernels.Kernels;
import dev.cairn.plan.Chunk;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.plan.SavePlan;
import dev.cairn.plan.Segment;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;

/**
 * Chunks from this rank's own partitions: cast and checksummed on the way into the staging buffer,
 * or checksummed where they lie when nothing is cast.
 */
public final class PartitionSource implements ChunkSource {
  private final SavePlan plan;
  private final Partitions partitions;
  private final Kernels kernels;
  private final TensorChecksums checksums;

  /** Creates a source; {@code checksums} gets every piece that goes through it. */
  public PartitionSource(
      SavePlan plan, Partitions partitions, Kernels kernels, TensorChecksums checksums) {
    this.plan = plan;
    this.partitions = partitions;
    this.kernels = kernels;
    this.checksums = checksums;
  }

  @Override
  public Filling begin(Chunk chunk, ByteBuffer staging) {
    return () -> fill(chunk, staging);
  }

  private ByteBuffer fill(Chunk chunk, ByteBuffer staging) {
    if (chunk.pieces().size() == 1 && isHeldAsSaved(chunk.pieces().get(0))) {
      Segment only = chunk.pieces().get(0);
      ByteBuffer inPlace = view(only);
      checksums.add(only, kernels.crc32c(inPlace, inPlace.remaining(), 0));
      return inPlace;
    }
    ByteBuffer target = staging.duplicate();
    for (Segment piece : chunk.pieces()) {
      fill(piece, target);
      target.position(target.position() + Math.toIntExact(piece.lengthBytes()));
    }
    return target.flip();
  }

  /** Fills one piece at the position of {@code target}, which is not moved. */
  void fill(Segment piece, ByteBuffer target) {
    PlannedTensor tensor = plan.tensors().get(piece.tensor());
    int crc =
        kernels.cast(
            tensor.held(),
            view(piece),
            tensor.info().dtype(),
            target,
            Math.toIntExact(piece.elements()),
            0);
    checksums.add(piece, crc);
  }

  private boolean isHeldAsSaved(Segment piece) {
    PlannedTensor tensor = plan.tensors().get(piece.tensor());
    return tensor.held() == tensor.info().dtype();
  }

  private ByteBuffer view(Segment piece) {
    DType held = plan.tensors().get(piece.tensor()).held();
    return partitions.view(
        piece.tensor(),
        held.bytes(piece.partitionElementOffset()),
        Math.toIntExact(held.bytes(piece.elements())));
  }
}
