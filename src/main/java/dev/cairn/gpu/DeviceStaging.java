package dev.cairn.gpu;

import dev.cairn.device.CudaEvent;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.HostMemory;
import dev.cairn.kernels.DeviceKernels;
import dev.cairn.machine.CloseAll;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The way from a GPU's memory to the host's, and back: elements are cast into slots of device
 * memory on one stream and copied from there on another, so that both go on at once; on the way
 * back they are copied into slots and cast from there. A fixed number of slots, allocated before
 * any file exists.
 *
 * <p>Streams are ordered by events alone: what goes into a slot waits until what was in it has gone
 * on, and what goes on waits until it has come. The host waits only for what it is about to read or
 * to write. Any thread.
 */
public final class DeviceStaging implements AutoCloseable {
  private static final long SLOT_ALIGNMENT_BYTES = 256;

  private final CloseAll opened = new CloseAll();
  private final ConcurrentLinkedQueue<CudaEvent> marks = new ConcurrentLinkedQueue<>();
  private final List<DeviceSlot> slots = new ArrayList<>();
  private final DeviceKernels kernels = DeviceKernels.load();
  private final Device device;
  private final CudaStream casts;
  private final CudaStream copies;
  private final CudaEvent trained;
  private final long slotBytes;
  private int nextSlot;

  /**
   * Allocates the slots.
   *
   * @param device whose memory the elements are in
   * @param buffers how many threads wait for elements at once, 1 or more
   * @param bufferBytes how much each of them takes at once
   * @param deviceBytes how much device memory may be taken, at least 512 bytes
   * @throws dev.cairn.device.DeviceException if the GPU has not that much
   * @throws IllegalStateException if GPUs cannot be used here, with the reason
   */
  public DeviceStaging(Device device, int buffers, int bufferBytes, long deviceBytes) {
    this.device = device;
    long half = deviceBytes / 2 / SLOT_ALIGNMENT_BYTES * SLOT_ALIGNMENT_BYTES;
    slotBytes = Math.min(bufferBytes, half);
    long count = Math.min(Math.max(2, buffers), deviceBytes / slotBytes);
    try {
      kernels.loadOn(device); // before any collective is queued: see there
      casts = opened.add(CudaStream.create(device));
      copies = opened.add(CudaStream.create(device));
      trained = opened.add(CudaEvent.create(device));
      for (int index = 0; index < count; index++) {
        slots.add(opened.add(DeviceSlot.open(device, slotBytes)));
      }
      for (int index = 0; index < buffers; index++) {
        marks.add(opened.add(CudaEvent.create(device)));
      }
    } catch (RuntimeException e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  /** {@return the GPU that casts, on which all partitions that go through here lie} */
  public Device device() {
    return device;
  }

  /**
   * Makes everything that is queued from now on wait for what a trainer has queued by now.
   *
   * @param trainer a stream of the same GPU; borrowed, must be open during the call
   */
  public synchronized void waitFor(CudaStream trainer) {
    trained.record(trainer);
    casts.waitFor(trained);
    copies.waitFor(trained);
  }

  /**
   * Queues elements to be cast and copied to the host, one run behind the other.
   *
   * @param runs of this GPU's memory, which must stay as it is until {@link #settle}, or a mark
   *     that was set after this, has been waited for
   * @param targetAddress pinned memory with room for all of them
   */
  public synchronized void queue(List<DeviceRun> runs, long targetAddress) {
    if (runs.size() == 1 && runs.get(0).from() == runs.get(0).to()) {
      DeviceRun only = runs.get(0);
      copies.copyToHost(only.address(), targetAddress, only.lengthBytes());
      return;
    }
    Packing packing = new Packing(targetAddress);
    for (DeviceRun run : runs) {
      packing.add(run);
    }
    packing.flush();
  }

  private DeviceSlot nextSlot() {
    DeviceSlot slot = slots.get(nextSlot);
    nextSlot = (nextSlot + 1) % slots.size();
    return slot;
  }

  /** The slot that is being filled, and where it goes. */
  private final class Packing {
    private long targetAddress;
    private DeviceSlot slot;
    private long usedBytes;

    Packing(long targetAddress) {
      this.targetAddress = targetAddress;
    }

    void add(DeviceRun run) {
      if (usedBytes % Math.max(1, run.to().bits() / 8) != 0) {
        flush(); // files have wide elements before narrow ones, so this is rare
      }
      for (long first = 0; first < run.elements(); ) {
        long count = Math.min(run.elements() - first, run.fitting(slotBytes - usedBytes));
        if (count == 0) {
          flush();
          continue;
        }
        cast(run.part(first, count));
        first += count;
      }
    }

    private void cast(DeviceRun part) {
      if (slot == null) {
        slot = nextSlot();
        casts.waitFor(slot.isCopied());
      }
      long place = slot.memory().address() + usedBytes;
      kernels.cast(part.from(), part.address(), part.to(), place, part.elements(), casts);
      usedBytes += part.lengthBytes();
    }

    void flush() {
      if (slot == null) {
        return;
      }
      slot.isCast().record(casts);
      copies.waitFor(slot.isCast());
      copies.copyToHost(slot.memory().address(), targetAddress, usedBytes);
      slot.isCopied().record(copies);
      targetAddress += usedBytes;
      usedBytes = 0;
      slot = null;
    }
  }

  /**
   * Brings elements from the host into this GPU's memory, cast there. Returns when the source may
   * be overwritten; the elements are where they belong once {@link #settle} has returned.
   *
   * @param from the dtype that they have on the host
   * @param source pinned memory, from the buffer's position on; the position does not move
   * @param to the same type, or one that {@code from} is cast to
   * @param targetAddress of the GPU's memory, a multiple of the size of an element
   * @param elements how many
   * @throws IllegalArgumentException if there is no such cast
   * @throws dev.cairn.device.DeviceException if CUDA refuses
   */
  public void bring(DType from, ByteBuffer source, DType to, long targetAddress, long elements) {
    long sourceAddress = HostMemory.addressOf(source) + source.position();
    await(queueIn(from, sourceAddress, to, targetAddress, elements));
  }

  private synchronized CudaEvent queueIn(
      DType from, long sourceAddress, DType to, long targetAddress, long elements) {
    if (from == to) {
      copies.copyToDevice(sourceAddress, targetAddress, from.bytes(elements));
      return mark();
    }
    long most = slotBytes / from.bytes(1);
    for (long first = 0; first < elements; first += most) {
      long count = Math.min(most, elements - first);
      DeviceSlot slot = nextSlot();
      long place = slot.memory().address();
      copies.waitFor(slot.isCast());
      copies.copyToDevice(sourceAddress + from.bytes(first), place, from.bytes(count));
      slot.isCopied().record(copies);
      casts.waitFor(slot.isCopied());
      kernels.cast(from, place, to, targetAddress + to.bytes(first), count, casts);
      slot.isCast().record(casts);
    }
    return mark();
  }

  /** Marks what is queued by now; {@link #await} waits for it and takes the mark back. */
  CudaEvent mark() {
    CudaEvent mark = marks.poll();
    if (mark == null) {
      throw new IllegalStateException("more threads than marks");
    }
    try {
      mark.record(copies);
      return mark;
    } catch (RuntimeException e) {
      marks.add(mark);
      throw e;
    }
  }

  /** Returns when what was queued before the mark has left its source. */
  void await(CudaEvent mark) {
    try {
      mark.synchronize();
    } finally {
      marks.add(mark);
    }
  }

  /**
   * Returns when all that is queued has been done: all targets are written.
   *
   * @throws dev.cairn.device.DeviceException if something of it failed
   */
  public void settle() {
    try {
      casts.synchronize();
    } finally {
      copies.synchronize();
    }
  }

  @Override
  public void close() {
    opened.close();
  }
}
