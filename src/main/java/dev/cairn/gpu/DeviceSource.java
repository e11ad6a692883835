package dev.cairn.gpu;

import dev.cairn.copy.ChunkParts;
import dev.cairn.copy.PartitionSource;
import dev.cairn.copy.Partitions;
import dev.cairn.copy.PieceSource;
import dev.cairn.copy.TensorChecksums;
import dev.cairn.device.CudaEvent;
import dev.cairn.device.HostMemory;
import dev.cairn.kernels.Kernels;
import dev.cairn.plan.Chunk;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.plan.SavePlan;
import dev.cairn.plan.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Chunks from partitions in the memory of a GPU: cast there, copied to the staging buffer while the
 * next ones are cast, and checksummed where they arrive. Pieces of partitions in host memory are
 * left to {@link PartitionSource}.
 */
public final class DeviceSource implements PieceSource {
  private final SavePlan plan;
  private final Partitions partitions;
  private final PartitionSource host;
  private final Kernels kernels;
  private final TensorChecksums checksums;
  private final DeviceStaging device;

  /**
   * Creates a source.
   *
   * @param plan says what each piece is
   * @param partitions this rank's; read until the copy has ended
   * @param host for the pieces that are not on the GPU
   * @param kernels takes the checksums in host memory
   * @param checksums gets every piece that goes through it
   * @param device borrowed; the copy's staging buffers are pinned memory
   */
  public DeviceSource(
      SavePlan plan,
      Partitions partitions,
      PartitionSource host,
      Kernels kernels,
      TensorChecksums checksums,
      DeviceStaging device) {
    this.plan = plan;
    this.partitions = partitions;
    this.host = host;
    this.kernels = kernels;
    this.checksums = checksums;
    this.device = device;
  }

  @Override
  public Filling begin(Chunk chunk, ByteBuffer staging) {
    if (chunk.pieces().stream().noneMatch(this::isOnDevice)) {
      return host.begin(chunk, staging);
    }
    long address = HostMemory.addressOf(staging) + staging.position();
    List<DeviceRun> together = new ArrayList<>();
    long begin = 0;
    long end = 0;
    for (Segment piece : chunk.pieces()) {
      if (isOnDevice(piece)) {
        begin = together.isEmpty() ? end : begin;
        together.add(run(piece));
      } else {
        queue(together, address + begin);
      }
      end += piece.lengthBytes();
    }
    queue(together, address + begin);
    CudaEvent mark = device.mark();
    return () -> finish(chunk, staging, mark);
  }

  private void queue(List<DeviceRun> together, long targetAddress) {
    if (!together.isEmpty()) {
      device.queue(together, targetAddress);
      together.clear();
    }
  }

  private List<ByteBuffer> finish(Chunk chunk, ByteBuffer staging, CudaEvent mark)
      throws IOException {
    try {
      long chunkOffset = 0;
      for (Segment piece : chunk.pieces()) {
        if (!isOnDevice(piece)) {
          host.fill(piece, ChunkParts.place(staging, chunkOffset, piece.lengthBytes()));
        }
        chunkOffset += piece.lengthBytes();
      }
    } finally {
      device.await(mark);
    }
    long chunkOffset = 0;
    for (Segment piece : chunk.pieces()) {
      if (isOnDevice(piece)) {
        checksum(piece, ChunkParts.place(staging, chunkOffset, piece.lengthBytes()));
      }
      chunkOffset += piece.lengthBytes();
    }
    return List.of(ChunkParts.place(staging, 0, chunk.lengthBytes()));
  }

  @Override
  public void fill(Segment piece, ByteBuffer target) throws IOException {
    if (!isOnDevice(piece)) {
      host.fill(piece, target);
      return;
    }
    device.queue(List.of(run(piece)), HostMemory.addressOf(target) + target.position());
    device.await(device.mark());
    checksum(piece, target);
  }

  private void checksum(Segment piece, ByteBuffer bytes) {
    checksums.add(piece, kernels.crc32c(bytes, Math.toIntExact(piece.lengthBytes()), 0));
  }

  private boolean isOnDevice(Segment piece) {
    return address(piece) != 0;
  }

  private DeviceRun run(Segment piece) {
    PlannedTensor tensor = plan.tensors().get(piece.tensor());
    return new DeviceRun(tensor.held(), address(piece), tensor.info().dtype(), piece.elements());
  }

  private long address(Segment piece) {
    long offset = plan.tensors().get(piece.tensor()).held().bytes(piece.partitionElementOffset());
    return partitions.deviceAddress(piece.tensor(), offset);
  }
}
