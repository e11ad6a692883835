package dev.cairn.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/** Host memory as the system gives it, zeroed. */
public final class HostMemory implements ViewableMemory {
  private static final int PAGE_BYTES = 4096;

  private final long lengthBytes;
  private final long address;
  private Pointer block;

  private HostMemory(Pointer block, long address, long lengthBytes) {
    this.block = block;
    this.address = address;
    this.lengthBytes = lengthBytes;
  }

  /**
   * Allocates memory, zeroed, so that its pages are there before anything is timed or any file
   * made.
   *
   * @param lengthBytes 0 or more; not limited to 2 GiB
   * @return what the caller closes
   * @throws OutOfMemoryError if the system has not that much
   */
  public static HostMemory allocate(long lengthBytes) {
    Pointer block = Pointer.malloc(Math.addExact(lengthBytes, (long) PAGE_BYTES));
    if (block == null || block.isNull()) {
      throw new OutOfMemoryError("no host memory: lengthBytes=" + lengthBytes);
    }
    long address = (block.address() + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    Pointer.memset(new Window(address, lengthBytes), 0, lengthBytes);
    return new HostMemory(block, address, lengthBytes);
  }

  @Override
  public long address() {
    if (block == null) {
      throw new IllegalStateException("host memory is closed");
    }
    return address;
  }

  @Override
  public long lengthBytes() {
    return lengthBytes;
  }

  /**
   * {@return a little-endian buffer over memory that someone else owns}
   *
   * @param address first byte; whoever calls vouches that {@code viewBytes} bytes from here exist
   *     for as long as the buffer is used
   * @param viewBytes length of the buffer
   */
  public static ByteBuffer viewOf(long address, int viewBytes) {
    if (viewBytes == 0) {
      return ByteBuffer.allocateDirect(0).order(ByteOrder.LITTLE_ENDIAN);
    }
    return new Window(address, viewBytes).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * {@return the address of the first byte of a direct buffer}
   *
   * @param direct any direct buffer
   */
  public static long addressOf(ByteBuffer direct) {
    try (Pointer pointer = new Pointer(direct)) {
      return pointer.address();
    }
  }

  @Override
  public void close() {
    if (block != null) {
      Pointer.free(block);
      block = null;
    }
  }

  /** A JavaCPP pointer that owns nothing. */
  private static final class Window extends BytePointer {
    Window(long address, long lengthBytes) {
      super((Pointer) null);
      this.address = address;
      this.limit = lengthBytes;
      this.capacity = lengthBytes;
    }
  }
}
