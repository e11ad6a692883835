package dev.cairn.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.cuda.global.cudart;

/** Every class of this package, used well and badly, under the emulation. */
final class DeviceProgram {
  private static final Device GPU = Device.cuda(0);
  private static final Device OTHER = Device.cuda(1);
  private static final int BYTES = 1 << 20;

  private DeviceProgram() {}

  public static void main(String[] arguments) {
    Emulation.load();
    devicesAreCounted();
    copiesGoThereAndBack();
    copiesOfPageableMemoryAreMadeBeforeTheReturn();
    workOfTheOtherDeviceLeavesTheCurrentOneAlone();
    borrowedStreamsAreNotDestroyed();
    memoryRunsOut();
    mistakesAreRefused();
    Check.nothingIsLeft("at the end");
    System.out.println("done");
  }

  private static void devicesAreCounted() {
    Check.equal(true, Cuda.isAvailable(), "available");
    Check.equal(2, Cuda.deviceCount(), "devices");
    Check.equal(1L << 20, Cuda.freeBytes(GPU), "free bytes");
  }

  private static void copiesGoThereAndBack() {
    int half = BYTES / 2;
    try (CudaStream stream = CudaStream.create(GPU);
        CudaEvent event = CudaEvent.create(GPU);
        DeviceMemory device = DeviceMemory.allocate(GPU, BYTES);
        PinnedMemory source = PinnedMemory.allocate(GPU, half);
        PinnedMemory target = PinnedMemory.allocate(GPU, half)) {
      fill(source.view(0, half), 3);
      Check.equal(true, event.isDone(), "an event that was never recorded");
      stream.copyToDevice(source.address(), device.address(), half);
      stream.copyOnDevice(device.address(), device.address() + half, half);
      stream.copyToHost(device.address() + half, target.address(), half);
      event.record(stream);
      event.synchronize();
      Check.equal(true, event.isDone(), "an event that was waited for");
      Check.equal(source.view(0, half), target.view(0, half), "bytes that came back");
      Check.equal(GPU, Cuda.deviceOf(device.address() + 5), "owner of device memory");
      Check.equal(Device.cpu(), Cuda.deviceOf(source.address()), "owner of pinned memory");
      Check.equal(0L, source.address() % 4096, "alignment of pinned memory");
    }
  }

  private static void copiesOfPageableMemoryAreMadeBeforeTheReturn() {
    for (int round = 0; round < 20; round++) {
      try (CudaStream stream = CudaStream.create(GPU);
          DeviceMemory device = DeviceMemory.allocate(GPU, BYTES);
          HostMemory source = HostMemory.allocate(BYTES);
          HostMemory target = HostMemory.allocate(BYTES)) {
        fill(source.view(0, BYTES), round);
        stream.copyToDevice(source.address(), device.address(), BYTES);
        fill(source.view(0, BYTES), round + 1);
        stream.copyToHost(device.address(), target.address(), BYTES);
        ByteBuffer expected = ByteBuffer.allocateDirect(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        fill(expected, round);
        Check.equal(expected, target.view(0, BYTES), "pageable bytes");
      }
    }
  }

  private static void workOfTheOtherDeviceLeavesTheCurrentOneAlone() {
    try (CudaStream stream = CudaStream.create(OTHER);
        DeviceMemory device = DeviceMemory.allocate(OTHER, 16)) {
      int[] current = {-1};
      cudart.cudaGetDevice(current);
      Check.equal(0, current[0], "current device");
      Check.equal(OTHER, Cuda.deviceOf(device.address()), "owner");
      try (CudaEvent event = CudaEvent.create(GPU)) {
        Check.fails(
            DeviceException.class, "cudaErrorInvalidResourceHandle", () -> event.record(stream));
      }
    }
  }

  private static void borrowedStreamsAreNotDestroyed() {
    try (CudaStream owner = CudaStream.create(GPU);
        CudaEvent event = CudaEvent.create(GPU)) {
      try (CudaStream borrowed = CudaStream.borrowed(GPU, owner.handle())) {
        event.record(borrowed);
      }
      owner.waitFor(event);
      owner.synchronize();
      try (CudaStream defaultStream = CudaStream.borrowed(GPU, 0)) {
        event.record(defaultStream);
        event.synchronize();
      }
    }
  }

  private static void memoryRunsOut() {
    DeviceException onDevice =
        Check.fails(
            DeviceException.class,
            "CUDA call failed: call=cudaMalloc, code=2"
                + " (cudaErrorMemoryAllocation: out of memory), cuda:0",
            () -> DeviceMemory.allocate(GPU, BYTES + 1));
    Check.equal(2, onDevice.code(), "code");
    Check.equal("cudaMalloc", onDevice.call(), "call");
    Check.fails(
        DeviceException.class,
        "cudaHostAlloc",
        () -> PinnedMemory.allocate(GPU, Long.MAX_VALUE / 2));
  }

  private static void mistakesAreRefused() {
    Check.fails(IllegalArgumentException.class, "cuda:2", () -> CudaStream.create(Device.cuda(2)));
    Check.fails(IllegalArgumentException.class, "cpu", () -> CudaEvent.create(Device.cpu()));
    Check.fails(IllegalArgumentException.class, "=0", () -> DeviceMemory.allocate(GPU, 0));
    Check.fails(IllegalArgumentException.class, "=-1", () -> PinnedMemory.allocate(GPU, -1));
    CudaStream stream = CudaStream.create(GPU);
    CudaEvent event = CudaEvent.create(GPU);
    DeviceMemory device = DeviceMemory.allocate(GPU, 64);
    PinnedMemory pinned = PinnedMemory.allocate(GPU, 64);
    Check.fails(
        DeviceException.class,
        "cudaErrorInvalidValue",
        () -> stream.copyToHost(device.address() + 1, pinned.address(), 64));
    Check.fails(
        DeviceException.class,
        "cudaErrorInvalidValue",
        () -> stream.copyToHost(pinned.address(), pinned.address(), 1));
    Check.fails(
        IllegalArgumentException.class,
        "lengthBytes=-1",
        () -> stream.copyToHost(device.address(), pinned.address(), -1));
    Check.fails(IllegalArgumentException.class, "view outside", () -> pinned.view(60, 5));
    for (int twice = 0; twice < 2; twice++) {
      pinned.close();
      device.close();
      event.close();
      stream.close();
    }
    Check.fails(IllegalStateException.class, "closed", pinned::address);
    Check.fails(IllegalStateException.class, "closed", device::address);
    Check.fails(IllegalStateException.class, "closed", event::synchronize);
    Check.fails(IllegalStateException.class, "closed", stream::synchronize);
  }

  private static void fill(ByteBuffer bytes, int seed) {
    for (int i = 0; i < bytes.capacity(); i++) {
      bytes.put(i, (byte) (i * 31 + seed + (i >> 8)));
    }
  }
}
