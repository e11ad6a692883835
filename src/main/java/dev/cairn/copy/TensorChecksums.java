package dev.cairn.copy;

import dev.cairn.checksum.Crc;
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

  /**
   * Starts with nothing written.
   *
   * @param plan whose tensors are counted; checksums are of bytes in the saved dtype
   */
  public TensorChecksums(SavePlan plan) {
    this.plan = plan;
    this.crcs = new AtomicIntegerArray(plan.tensors().size());
  }

  /** Adds a piece. Any thread. */
  public void add(Segment piece, int crc) {
    long tensorBytes = plan.tensors().get(piece.tensor()).info().lengthBytes();
    long endByte =
        plan.tensors()
            .get(piece.tensor())
            .info()
            .dtype()
            .bytes(piece.elementOffset() + piece.elements());
    int shifted = Crc.CRC32C.shift(crc, tensorBytes - endByte);
    crcs.getAndAccumulate(piece.tensor(), shifted, (a, b) -> a ^ b);
  }

  /**
   * {@return this rank's part, four big-endian bytes for each tensor of the plan, to be sent to
   * rank 0}
   */
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
   * @param part what {@link #toBytes} of that rank returned
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

  /**
   * {@return the CRC32C of a tensor's bytes as they are in the file; right once every rank's part
   * has been added}
   *
   * @param tensor index into the plan
   */
  public int crc(int tensor) {
    return crcs.get(tensor);
  }
}
