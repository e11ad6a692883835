package dev.cairn.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Host memory as the system gives it, zeroed; where the native library is missing, as the JVM gives
 * it: at most 2 GiB, without an address, and free again when the collector finds it.
 */
public final class HostMemory implements ViewableMemory {
  private static final int PAGE_BYTES = 4096;

  private final long lengthBytes;
  private final long address;
  private Pointer block;
  private ByteBuffer direct;

  private HostMemory(Pointer block, ByteBuffer direct, long address, long lengthBytes) {
    this.block = block;
    this.direct = direct;
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
    if (!NativeMemory.isAvailable()) {
      return ofTheJvm(lengthBytes);
    }
    Pointer block = Pointer.malloc(Math.addExact(lengthBytes, (long) PAGE_BYTES));
    if (block == null || block.isNull()) {
      throw new OutOfMemoryError("no host memory: lengthBytes=" + lengthBytes);
    }
    long address = (block.address() + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    Pointer.memset(new Window(address, lengthBytes), 0, lengthBytes);
    return new HostMemory(block, null, address, lengthBytes);
  }

  private static HostMemory ofTheJvm(long lengthBytes) {
    if (lengthBytes > Integer.MAX_VALUE) {
      throw new OutOfMemoryError(
          "no host memory: lengthBytes=%d, expected at most %d without the native library"
              .formatted(lengthBytes, Integer.MAX_VALUE));
    }
    return new HostMemory(null, ByteBuffer.allocateDirect((int) lengthBytes), 0, lengthBytes);
  }

  /** {@return whether memory has addresses here: whether the native library is there} */
  public static boolean hasAddresses() {
    return NativeMemory.isAvailable();
  }

  @Override
  public long address() {
    checkOpen();
    if (block == null) {
      throw new IllegalStateException("host memory has no address: native library not loaded");
    }
    return address;
  }

  private void checkOpen() {
    if (block == null && direct == null) {
      throw new IllegalStateException("host memory is closed");
    }
  }

  @Override
  public ByteBuffer view(long offset, int viewBytes) {
    checkOpen();
    if (direct == null) {
      return ViewableMemory.super.view(offset, viewBytes);
    }
    checkInside(offset, viewBytes, lengthBytes);
    return direct.slice((int) offset, viewBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public long lengthBytes() {
    return lengthBytes;
  }

  static void checkInside(long offset, int viewBytes, long lengthBytes) {
    if (offset < 0 || viewBytes < 0 || offset > lengthBytes - viewBytes) {
      throw new IllegalArgumentException(
          "view outside its memory: offset=%d, viewBytes=%d, lengthBytes=%d"
              .formatted(offset, viewBytes, lengthBytes));
    }
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
    checkAvailable();
    return new Window(address, viewBytes).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * {@return the address of the first byte of a direct buffer}
   *
   * @param direct any direct buffer
   */
  public static long addressOf(ByteBuffer direct) {
    checkAvailable();
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
    direct = null;
  }

  private static void checkAvailable() {
    if (!NativeMemory.isAvailable()) {
      throw new IllegalStateException(
          "memory by its address needs the native library, which is not loaded;"
              + " use a direct buffer, or add dev.cairn:cairn with the classifier linux-x86_64");
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
