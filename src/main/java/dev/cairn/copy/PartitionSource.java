package dev.cairn.copy;

import dev.cairn.kernels.Kernels;
import dev.cairn.plan.Chunk;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.plan.SavePlan;
import dev.cairn.plan.Segment;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Chunks from this rank's own partitions: cast and checksummed on the way into the staging buffer,
 * or checksummed where they lie when nothing is cast. Partitions that are not in memory are read
 * piece by piece on the way.
 */
public final class PartitionSource implements PieceSource {
  /** Shorter pieces are put together in the staging buffer, and are written at once. */
  private static final int IN_PLACE_BYTES = 64 << 10;

  private final SavePlan plan;
  private final Partitions partitions;
  private final Kernels kernels;
  private final TensorChecksums checksums;
  private final Scratch scratch;
  private final boolean staysInPlace;

  /**
   * Creates a source.
   *
   * @param plan says what each piece is
   * @param partitions this rank's; read until the copy has ended
   * @param kernels casts and takes the checksums
   * @param checksums gets every piece that goes through the source
   * @param scratch a buffer for each thread; borrowed, not closed here; null if all partitions are
   *     in memory
   * @param staysInPlace whether what needs no cast is written from where it lies; otherwise all
   *     goes through the staging buffers
   */
  public PartitionSource(
      SavePlan plan,
      Partitions partitions,
      Kernels kernels,
      TensorChecksums checksums,
      Scratch scratch,
      boolean staysInPlace) {
    this.plan = plan;
    this.partitions = partitions;
    this.kernels = kernels;
    this.checksums = checksums;
    this.scratch = scratch;
    this.staysInPlace = staysInPlace;
  }

  @Override
  public Filling begin(Chunk chunk, ByteBuffer staging) {
    return () -> fill(chunk, staging);
  }

  private List<ByteBuffer> fill(Chunk chunk, ByteBuffer staging) throws IOException {
    ChunkParts parts = new ChunkParts(staging);
    for (Segment piece : chunk.pieces()) {
      add(piece, parts);
    }
    return parts.all();
  }

  @Override
  public void add(Segment piece, ChunkParts parts) throws IOException {
    int lengthBytes = Math.toIntExact(piece.lengthBytes());
    if (staysInPlace && lengthBytes >= IN_PLACE_BYTES && isReady(piece)) {
      ByteBuffer inPlace = view(piece);
      checksums.add(piece, kernels.crc32c(inPlace, lengthBytes, 0));
      parts.addElsewhere(inPlace);
      return;
    }
    fill(piece, parts.nextPlace(lengthBytes));
    parts.addPlaced(lengthBytes);
  }

  @Override
  public void fill(Segment piece, ByteBuffer target) throws IOException {
    PlannedTensor tensor = plan.tensors().get(piece.tensor());
    if (!partitions.isInMemory(piece.tensor())) {
      read(piece, tensor, target.duplicate());
      return;
    }
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

  @Override
  public ByteBuffer inPlace(Segment piece) {
    return isReady(piece) ? view(piece) : null;
  }

  /** Reads a piece in steps that stay in the cache between the read and the cast. */
  private void read(Segment piece, PlannedTensor tensor, ByteBuffer target) throws IOException {
    DType held = tensor.held();
    DType saved = tensor.info().dtype();
    if (held == saved) {
      readInPlace(piece, held, target);
      return;
    }
    long stepElements = Scratch.BUFFER_BYTES * 8L / Math.max(held.bits(), saved.bits());
    int crc = 0;
    ByteBuffer buffer = scratch.take();
    try {
      for (long first = 0; first < piece.elements(); first += stepElements) {
        int elements = (int) Math.min(stepElements, piece.elements() - first);
        buffer.clear().limit(Math.toIntExact(held.bytes(elements)));
        partitions.read(piece.tensor(), held.bytes(piece.partitionElementOffset() + first), buffer);
        crc = kernels.cast(held, buffer.flip(), saved, target, elements, crc);
        target.position(target.position() + Math.toIntExact(saved.bytes(elements)));
      }
    } finally {
      scratch.giveBack(buffer);
    }
    checksums.add(piece, crc);
  }

  /** Reads what needs no cast to where it is written from, checksummed while still in the cache. */
  private void readInPlace(Segment piece, DType held, ByteBuffer target) throws IOException {
    long firstByte = held.bytes(piece.partitionElementOffset());
    int lengthBytes = Math.toIntExact(piece.lengthBytes());
    int stepBytes = Scratch.BUFFER_BYTES / held.bits() * held.bits(); // whole elements
    int crc = 0;
    for (int done = 0; done < lengthBytes; done += stepBytes) {
      int count = Math.min(stepBytes, lengthBytes - done);
      ByteBuffer step = target.duplicate().order(ByteOrder.LITTLE_ENDIAN);
      step.limit(step.position() + count);
      partitions.read(piece.tensor(), firstByte + done, step);
      crc = kernels.crc32c(target, count, crc);
      target.position(target.position() + count);
    }
    checksums.add(piece, crc);
  }

  /** Returns whether the piece lies in memory as it is to be saved. */
  private boolean isReady(Segment piece) {
    PlannedTensor tensor = plan.tensors().get(piece.tensor());
    return tensor.held() == tensor.info().dtype() && partitions.isInMemory(piece.tensor());
  }

  private ByteBuffer view(Segment piece) {
    DType held = plan.tensors().get(piece.tensor()).held();
    return partitions.view(
        piece.tensor(),
        held.bytes(piece.partitionElementOffset()),
        Math.toIntExact(held.bytes(piece.elements())));
  }
}
