package dev.cairn.kernels;

import dev.cairn.device.CudaEvent;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import dev.cairn.device.PinnedMemory;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;

/**
 * F32 in device memory, cast chunk by chunk into two device buffers on one stream, copied into two
 * pinned ones on another, and taken by the host: as a save does it. The data itself comes from a
 * third stream, the trainer's.
 */
final class StagedCast {
  /** What is done wrong. */
  enum Mistake {
    NONE,
    COPY_DOES_NOT_WAIT_FOR_CAST,
    CAST_DOES_NOT_WAIT_FOR_TRAINER,
    STAGING_REUSED_TOO_EARLY,
    HOST_READS_DEVICE_MEMORY
  }

  private static final Device GPU = Device.cuda(0);
  private static final int CHUNK_ELEMENTS = 3001;
  private static final int CHUNK_BYTES = 2 * CHUNK_ELEMENTS;
  private static final int BUFFERS = 2;

  private final DeviceKernels kernels = DeviceKernels.load();
  private final Mistake mistake;

  StagedCast(Mistake mistake) {
    this.mistake = mistake;
  }

  /** A buffer on the device, its place on the host, and the marks of their being ready. */
  private record Slot(DeviceMemory cast, PinnedMemory staging, CudaEvent isCast, CudaEvent isHere)
      implements AutoCloseable {
    static Slot open() {
      DeviceMemory cast = DeviceMemory.allocate(GPU, CHUNK_BYTES);
      PinnedMemory staging = null;
      CudaEvent isCast = null;
      try {
        staging = PinnedMemory.allocate(GPU, CHUNK_BYTES);
        isCast = CudaEvent.create(GPU);
        return new Slot(cast, staging, isCast, CudaEvent.create(GPU));
      } catch (RuntimeException e) {
        close(e, isCast, staging, cast);
        throw e;
      }
    }

    private static void close(RuntimeException first, AutoCloseable... opened) {
      for (AutoCloseable one : opened) {
        try {
          if (one != null) {
            one.close();
          }
        } catch (Exception e) {
          first.addSuppressed(e);
        }
      }
    }

    @Override
    public void close() {
      try (cast;
          staging;
          isCast;
          isHere) {
        // Closed in reverse.
      }
    }
  }

  /** Returns how the host sees what was cast; {@code elements} F32 from {@code source}. */
  ByteBuffer run(ByteBuffer source, int elements) {
    try (CudaStream trainer = CudaStream.create(GPU);
        CudaStream compute = CudaStream.create(GPU);
        CudaStream copies = CudaStream.create(GPU);
        CudaEvent isTrained = CudaEvent.create(GPU);
        PinnedMemory produced = PinnedMemory.allocate(GPU, 4L * elements);
        DeviceMemory partition = DeviceMemory.allocate(GPU, 4L * elements);
        Slot first = Slot.open();
        Slot second = Slot.open()) {
      produced.view(0, 4 * elements).put(source.duplicate());
      trainer.copyToDevice(produced.address(), partition.address(), 4L * elements);
      isTrained.record(trainer);
      if (mistake != Mistake.CAST_DOES_NOT_WAIT_FOR_TRAINER) {
        compute.waitFor(isTrained);
      }
      if (mistake == Mistake.HOST_READS_DEVICE_MEMORY) {
        trainer.synchronize();
        dev.cairn.device.HostMemory.viewOf(partition.address(), 4).getInt(0);
      }
      return chunks(elements, partition, compute, copies, new Slot[] {first, second});
    }
  }

  private ByteBuffer chunks(
      int elements, DeviceMemory partition, CudaStream compute, CudaStream copies, Slot[] slots) {
    ByteBuffer taken = Casts.direct(2 * elements, 0);
    int chunks = (elements + CHUNK_ELEMENTS - 1) / CHUNK_ELEMENTS;
    for (int chunk = 0; chunk < chunks + BUFFERS; chunk++) {
      Slot slot = slots[chunk % BUFFERS];
      boolean early = mistake == Mistake.STAGING_REUSED_TOO_EARLY;
      if (chunk >= BUFFERS && !early) {
        take(slot, chunk - BUFFERS, elements, taken);
      }
      if (chunk < chunks) {
        queue(slot, chunk, elements, partition, compute, copies);
      }
      if (chunk >= BUFFERS && early) {
        take(slot, chunk - BUFFERS, elements, taken);
      }
    }
    return taken.flip();
  }

  private void queue(
      Slot slot,
      int chunk,
      int elements,
      DeviceMemory partition,
      CudaStream compute,
      CudaStream copies) {
    int begin = chunk * CHUNK_ELEMENTS;
    int count = Math.min(CHUNK_ELEMENTS, elements - begin);
    compute.waitFor(slot.isHere());
    kernels.cast(
        DType.F32,
        partition.address() + 4L * begin,
        DType.BF16,
        slot.cast().address(),
        count,
        compute);
    slot.isCast().record(compute);
    if (mistake != Mistake.COPY_DOES_NOT_WAIT_FOR_CAST) {
      copies.waitFor(slot.isCast());
    }
    copies.copyToHost(slot.cast().address(), slot.staging().address(), 2L * count);
    slot.isHere().record(copies);
  }

  private static void take(Slot slot, int chunk, int elements, ByteBuffer taken) {
    int count = Math.min(CHUNK_ELEMENTS, elements - chunk * CHUNK_ELEMENTS);
    if (count > 0) {
      slot.isHere().synchronize();
      taken.put(slot.staging().view(0, 2 * count));
    }
  }
}
