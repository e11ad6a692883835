package dev.cairn.gpu;

import dev.cairn.comm.nccl.Patience;
import dev.cairn.copy.ChunkSource;
import dev.cairn.copy.TensorChecksums;
import dev.cairn.device.CudaEvent;
import dev.cairn.device.CudaStream;
import dev.cairn.device.HostMemory;
import dev.cairn.kernels.Kernels;
import dev.cairn.plan.Bucket;
import dev.cairn.plan.Chunk;
import dev.cairn.plan.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Chunks of a bucket that is in file order in the memory of rank 0's GPU, or soon will be. */
final class BucketSource implements ChunkSource {
  /** Waits for what is queued on the GPU, until it is there or the save is to stop. */
  interface Waiting {
    void on(CudaEvent event) throws IOException;

    /** Returns how long to wait for a call of NCCL that is made now. */
    Patience forCall();
  }

  private final List<Bucket.Part> parts;
  private final long orderedAddress;
  private final CudaStream copies;
  private final ConcurrentLinkedQueue<CudaEvent> events;
  private final Waiting waiting;
  private final Kernels kernels;
  private final TensorChecksums checksums;
  private int part;

  /**
   * Creates a source.
   *
   * @param copies the stream on which the bucket is brought into file order
   * @param events at least one for each staging buffer
   */
  BucketSource(
      Bucket bucket,
      long orderedAddress,
      CudaStream copies,
      ConcurrentLinkedQueue<CudaEvent> events,
      Waiting waiting,
      Kernels kernels,
      TensorChecksums checksums) {
    this.parts = bucket.parts();
    this.orderedAddress = orderedAddress;
    this.copies = copies;
    this.events = events;
    this.waiting = waiting;
    this.kernels = kernels;
    this.checksums = checksums;
  }

  @Override
  public Filling begin(Chunk chunk, ByteBuffer staging) {
    Segment first = chunk.pieces().get(0);
    while (!contains(parts.get(part).segment(), first)) {
      part++; // chunks come in the order of the parts
    }
    Bucket.Part from = parts.get(part);
    long source =
        orderedAddress + from.orderedOffset() + (first.fileOffset() - from.segment().fileOffset());
    copies.copyToHost(
        source, HostMemory.addressOf(staging) + staging.position(), chunk.lengthBytes());
    CudaEvent isHere = events.remove();
    isHere.record(copies);
    return () -> finish(chunk, staging, isHere);
  }

  private static boolean contains(Segment segment, Segment part) {
    return segment.file() == part.file()
        && segment.tensor() == part.tensor()
        && segment.fileOffset() <= part.fileOffset()
        && part.fileEnd() <= segment.fileEnd();
  }

  private List<ByteBuffer> finish(Chunk chunk, ByteBuffer staging, CudaEvent isHere)
      throws IOException {
    waiting.on(isHere);
    events.add(isHere);
    ByteBuffer bytes = staging.duplicate();
    for (Segment piece : chunk.pieces()) {
      int lengthBytes = Math.toIntExact(piece.lengthBytes());
      checksums.add(piece, kernels.crc32c(bytes, lengthBytes, 0));
      bytes.position(bytes.position() + lengthBytes);
    }
    return List.of(bytes.flip().position(staging.position()));
  }
}
