package dev.cairn;

import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.HostMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Where one rank's slice of a parameter lies: in memory, or behind a reader.
 *
 * <p>The memory is borrowed: it stays the trainer's. A save only reads it, and it must stay where
 * it is and unchanged until the save that uses it returns (or, for an asynchronous save, until its
 * snapshot is done); a restore writes it. Little-endian elements, the valid ones first, then
 * padding if the layout has any.
 */
public final class Partition {
  private static final Partition EMPTY = new Partition(0, 0, Device.cpu(), null, null, null);

  private final long address;
  private final long lengthBytes;
  private final Device device;
  private final ByteBuffer buffer;
  private final PartitionReader reader;
  private final CudaStream stream;

  private Partition(
      long address,
      long lengthBytes,
      Device device,
      ByteBuffer buffer,
      PartitionReader reader,
      CudaStream stream) {
    this.address = address;
    this.lengthBytes = lengthBytes;
    this.device = device;
    this.buffer = buffer;
    this.reader = reader;
    this.stream = stream;
  }

  /** {@return the partition of a rank that holds nothing, or padding only} */
  public static Partition empty() {
    return EMPTY;
  }

  /**
   * Returns a partition in native memory. On a GPU, a save begins to read it, and a restore to
   * write it, when what is queued on the GPU's default stream by then has been done.
   *
   * @param address of the first element, on {@code device}
   * @param lengthBytes all of it, padding included
   * @param device whose memory it is
   * @return the partition
   * @throws IllegalArgumentException if the length is negative, or the address is 0 though the
   *     length is not
   */
  public static Partition of(long address, long lengthBytes, Device device) {
    if (lengthBytes < 0 || (address == 0 && lengthBytes > 0)) {
      throw new IllegalArgumentException(
          "bad partition: address=0x%x, lengthBytes=%d".formatted(address, lengthBytes));
    }
    return new Partition(address, lengthBytes, device, null, null, null);
  }

  /**
   * Returns a partition in the memory of a GPU that a trainer may still be using: a save begins to
   * read it, and a restore to write it, when what is queued on the trainer's stream by then has
   * been done.
   *
   * @param address of the first element, on the stream's GPU
   * @param lengthBytes all of it, padding included
   * @param stream borrowed; must be open when a save or restore begins
   * @return the partition
   * @throws IllegalArgumentException as {@link #of(long, long, Device)} does
   */
  public static Partition of(long address, long lengthBytes, CudaStream stream) {
    Partition any = of(address, lengthBytes, stream.device());
    return new Partition(any.address, any.lengthBytes, any.device, null, null, stream);
  }

  /**
   * {@return a partition in a direct buffer, from its position to its limit}
   *
   * @param buffer borrowed, its position and limit as they are now
   * @throws IllegalArgumentException if the buffer is on the Java heap, where the collector may
   *     move it
   */
  public static Partition of(ByteBuffer buffer) {
    if (!buffer.isDirect()) {
      throw new IllegalArgumentException(
          "partition on the Java heap: lengthBytes=" + buffer.remaining() + ", expected direct");
    }
    return new Partition(0, buffer.remaining(), Device.cpu(), buffer.slice(), null, null);
  }

  /**
   * {@return a partition that is not in memory: a save reads it piece by piece}
   *
   * @param reader makes the bytes; used until the save returns
   * @param lengthBytes all of it
   * @throws IllegalArgumentException if the length is negative
   */
  public static Partition of(PartitionReader reader, long lengthBytes) {
    if (lengthBytes < 0) {
      throw new IllegalArgumentException("bad partition: lengthBytes=" + lengthBytes);
    }
    return new Partition(0, lengthBytes, Device.cpu(), null, reader, null);
  }

  /** {@return the length in bytes, padding included} */
  public long lengthBytes() {
    return lengthBytes;
  }

  /** {@return where the memory is; the host for a buffer, a reader, or nothing} */
  public Device device() {
    return device;
  }

  /** Returns whether both are known to be the same bytes in the same memory, and any. */
  boolean isSameMemory(Partition other) {
    return lengthBytes > 0
        && HostMemory.hasAddresses()
        && lengthBytes == other.lengthBytes
        && reader == other.reader
        && device.equals(other.device)
        && address() == other.address();
  }

  /** Returns whether there are bytes of it, and these in the memory of a GPU. */
  boolean isOnDevice() {
    return !device.isCpu() && lengthBytes > 0;
  }

  /** Returns the stream whose work is to be waited for; null for the GPU's default one. */
  CudaStream stream() {
    return stream;
  }

  /** Returns the address of the first byte, wherever it is. */
  long address() {
    return buffer == null ? address : HostMemory.addressOf(buffer);
  }

  /** Returns whether the bytes are in memory, and can be viewed. */
  boolean isInMemory() {
    return reader == null;
  }

  /** Fills a direct buffer from {@code byteOffset} on; the caller has checked the range. */
  void read(long byteOffset, ByteBuffer target) throws IOException {
    if (reader == null) {
      target.put(view(byteOffset, target.remaining()));
    } else {
      reader.read(byteOffset, target);
    }
  }

  /** Returns a little-endian view of a part; the caller has checked the range. */
  ByteBuffer view(long byteOffset, int viewBytes) {
    if (reader != null) {
      throw new IllegalStateException("partition is not in memory: it can only be read");
    }
    if (!device.isCpu()) {
      throw new IllegalStateException("partition is in the memory of a GPU: device=" + device);
    }
    if (buffer != null) {
      return buffer.slice((int) byteOffset, viewBytes).order(ByteOrder.LITTLE_ENDIAN);
    }
    return HostMemory.viewOf(address + byteOffset, viewBytes);
  }
}
