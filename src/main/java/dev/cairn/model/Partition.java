package dev.cairn.model;

import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.HostMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

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
  private final PartitionRuns runs; // null unless it is composed

  private Partition(
      long address,
      long lengthBytes,
      Device device,
      ByteBuffer buffer,
      PartitionReader reader,
      CudaStream stream) {
    this(address, lengthBytes, device, buffer, reader, stream, null);
  }

  private Partition(
      long address,
      long lengthBytes,
      Device device,
      ByteBuffer buffer,
      PartitionReader reader,
      CudaStream stream,
      PartitionRuns runs) {
    this.address = address;
    this.lengthBytes = lengthBytes;
    this.device = device;
    this.buffer = buffer;
    this.reader = reader;
    this.stream = stream;
    this.runs = runs;
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
   * {@return a partition in a direct buffer, from its position to its limit} Its bytes count as
   * they lie, little-endian: set {@code order(ByteOrder.nativeOrder())} before floats are put into
   * it, as Java would put them big-endian.
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
   * {@return a partition that is not in memory: a save reads it range by range}
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

  /**
   * {@return the partition that these are one after the other}
   *
   * @param parts which lie in one kind of memory
   */
  public static Partition composed(List<Partition> parts) {
    PartitionRuns runs = new PartitionRuns(parts);
    return switch (runs.all().size()) {
      case 0 -> EMPTY;
      case 1 -> runs.all().get(0);
      default ->
          new Partition(0, runs.lengthBytes(), runs.all().get(0).device, null, null, null, runs);
    };
  }

  /**
   * {@return a part of this partition, which is not composed} Nothing checks the range.
   *
   * @param byteOffset of the part
   * @param partBytes length of the part
   */
  public Partition part(long byteOffset, long partBytes) {
    if (byteOffset == 0 && partBytes == lengthBytes) {
      return this;
    }
    if (buffer != null) {
      ByteBuffer part = buffer.slice((int) byteOffset, (int) partBytes);
      return new Partition(0, partBytes, device, part, null, null);
    }
    PartitionReader partReader =
        reader == null ? null : (offset, target) -> reader.read(byteOffset + offset, target);
    long partAddress = reader == null ? address + byteOffset : 0;
    return new Partition(partAddress, partBytes, device, null, partReader, stream);
  }

  /** {@return the places that it is put together from; itself if it lies in one} */
  public List<Partition> runs() {
    return runs == null ? List.of(this) : runs.all();
  }

  /** {@return the length in bytes, padding included} */
  public long lengthBytes() {
    return lengthBytes;
  }

  /** {@return where the memory is; the host for a buffer, a reader, or nothing} */
  public Device device() {
    return device;
  }

  /**
   * {@return whether both are known to be the same bytes in the same memory, and any}
   *
   * @param other is asked about
   */
  public boolean isSameMemory(Partition other) {
    return lengthBytes > 0
        && runs == null
        && other.runs == null
        && HostMemory.hasAddresses()
        && lengthBytes == other.lengthBytes
        && reader == other.reader
        && device.equals(other.device)
        && address(0) == other.address(0);
  }

  /** {@return whether there are bytes of it, and these in the memory of a GPU} */
  public boolean isOnDevice() {
    return !device.isCpu() && lengthBytes > 0;
  }

  /** {@return the stream whose work a run waits for; null for the GPU's default one} */
  public CudaStream stream() {
    return stream;
  }

  /**
   * {@return the address of a byte, wherever it is}
   *
   * @param byteOffset of the byte
   */
  public long address(long byteOffset) {
    if (runs != null) {
      PartitionRuns.Place place = runs.find(byteOffset);
      return place.run().address(place.byteOffset());
    }
    return (buffer == null ? address : HostMemory.addressOf(buffer)) + byteOffset;
  }

  /** {@return whether the bytes are in memory, and can be viewed} */
  public boolean isInMemory() {
    return runs == null ? reader == null : runs.all().stream().allMatch(Partition::isInMemory);
  }

  /**
   * Fills a direct buffer. Nothing checks the range, which lies in one run.
   *
   * @param byteOffset of the first byte
   * @param target is filled to its limit
   * @throws IOException if what the partition is read from cannot be read
   */
  public void read(long byteOffset, ByteBuffer target) throws IOException {
    if (runs != null) {
      PartitionRuns.Place place = runs.find(byteOffset);
      place.run().read(place.byteOffset(), target);
    } else if (reader == null) {
      target.put(view(byteOffset, target.remaining()));
    } else {
      int lengthBytes = target.remaining();
      reader.read(byteOffset, target);
      if (target.hasRemaining()) { // the rest would be what was in the buffer before
        throw new IOException(
            "reader of a partition did not fill its target: byteOffset=%d, lengthBytes=%d, missing %d"
                .formatted(byteOffset, lengthBytes, target.remaining()));
      }
    }
  }

  /**
   * {@return a little-endian view of a part} Nothing checks the range, which lies in one run.
   *
   * @param byteOffset of the first byte
   * @param viewBytes length of the part
   */
  public ByteBuffer view(long byteOffset, int viewBytes) {
    if (runs != null) {
      PartitionRuns.Place place = runs.find(byteOffset);
      return place.run().view(place.byteOffset(), viewBytes);
    }
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
