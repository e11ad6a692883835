package dev.cairn.pipeline;

import dev.cairn.kernels.Crc32c;
import dev.cairn.plan.SavePlan;
import dev.cairn.plan.Segment;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * The CRC32C of every tensor of a plan, put together from pieces in any order.
 *
 * <p>CRC32C is linear: the checksum of a tensor is the exclusive or of its pieces' checksums, each
 * shifted by the bytes that follow the piece. So threads and ranks need no order among themselves.
 */
public final class TensorChecksums {
  private final SavePlan plan;
  private final AtomicIntegerArray crcs;

  /** Starts with nothing written. */
  public TensorChecksums(SavePlan plan) {
    this.plan = plan;
    this.crcs = new AtomicIntegerArray(plan.tensors().size());
  }

  /** Adds a piece. Any thread. */
  void add(Segment piece, int crc) {
    long tensorBytes = plan.tensors().get(piece.tensor()).info().lengthBytes();
    long endByte =
        plan.tensors()
            .get(piece.tensor())
            .info()
            .dtype()
            .bytes(piece.elementOffset() + piece.elements());
    int shifted = Crc32c.shift(crc, tensorBytes - endByte);
    crcs.getAndAccumulate(piece.tensor(), shifted, (a, b) -> a ^ b);
  }

  /** Returns this rank's part, four bytes a tensor, to be sent to rank 0. */
  public byte[] toBytes() {
    ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * crcs.length());
    for (int tensor = 0; tensor < crcs.length(); tensor++) {
      bytes.putInt(crcs.get(tensor));
    }
    return bytes.array();
  }

  /**
   * Adds another rank's part.
   *
   * @throws IllegalArgumentException if it is for another number of tensors
   */
  public void add(byte[] part) {
    if (part.length != Integer.BYTES * crcs.length()) {
      throw new IllegalArgumentException(
          "checksums of another plan: lengthBytes=%d, expected %d"
              .formatted(part.length, Integer.BYTES * crcs.length()));
    }
    ByteBuffer bytes = ByteBuffer.wrap(part);
    for (int tensor = 0; tensor < crcs.length(); tensor++) {
      crcs.getAndAccumulate(tensor, bytes.getInt(), (a, b) -> a ^ b);
    }
  }

  /** Returns the checksum of a tensor; right once every rank's part has been added. */
  public int crc(int tensor) {
    return crcs.get(tensor);
  }
}
