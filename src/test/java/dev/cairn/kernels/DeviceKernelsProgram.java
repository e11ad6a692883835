package dev.cairn.kernels;

import dev.cairn.device.Check;
import dev.cairn.device.Cuda;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceException;
import dev.cairn.device.DeviceMemory;
import dev.cairn.device.Emulation;
import dev.cairn.device.HostMemory;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.util.List;

/** Casts and unpacks from Java on the last GPU there is, against the CPU's kernels. */
final class DeviceKernelsProgram {
  private static final Device GPU = lastGpu();

  private DeviceKernelsProgram() {}

  private static Device lastGpu() {
    Emulation.load();
    return Device.cuda(Cuda.deviceCount() - 1);
  }

  public static void main(String[] arguments) {
    for (Casts.Pair pair : Casts.all()) {
      castGivesTheBitsOfTheCpu(pair.from(), pair.to());
    }
    for (DType dtype : List.of(DType.F64, DType.BF16, DType.F8_E4M3, DType.BOOL, DType.F4)) {
      castGivesTheBitsOfTheCpu(dtype, dtype);
    }
    for (int worldSize = 1; worldSize <= 5; worldSize++) {
      unpackPutsPartitionsInOrderWithoutPadding(worldSize);
    }
    mistakesAreRefused();
    if (GPU.index() > 0) {
      mistakesWithTwoGpusAreRefused(Device.cuda(0));
    }
    Check.nothingIsLeft("at the end");
    System.out.println("done");
  }

  private static void castGivesTheBitsOfTheCpu(DType from, DType to) {
    int elements = 50_006;
    int fromBytes = (int) from.bytes(elements);
    int toBytes = (int) to.bytes(elements);
    ByteBuffer source =
        from.isCastable()
            ? Casts.numbers(from, elements, 0, 3)
            : Casts.random(fromBytes, 0, elements);
    ByteBuffer expected = Casts.direct(toBytes, 0);
    Kernels.best().cast(from, source, to, expected, elements, 0);
    int shiftBytes = 8; // a multiple of every size, not of 16
    try (CudaStream stream = CudaStream.create(GPU);
        DeviceMemory in = DeviceMemory.allocate(GPU, fromBytes + shiftBytes);
        DeviceMemory out = DeviceMemory.allocate(GPU, toBytes);
        HostMemory host = HostMemory.allocate(Math.max(fromBytes, toBytes))) {
      host.view(0, fromBytes).put(source.duplicate());
      stream.copyToDevice(host.address(), in.address() + shiftBytes, fromBytes);
      DeviceKernels.load()
          .cast(from, in.address() + shiftBytes, to, out.address(), elements, stream);
      stream.copyToHost(out.address(), host.address(), toBytes);
      Check.equal(expected, host.view(0, toBytes), from + " to " + to);
    }
  }

  /** A parameter in a bucket: every rank sends ceil(elements / ranks) of it. */
  private record Cast(DType held, DType saved, int elements) {
    int partElements(int worldSize) {
      return (elements + worldSize - 1) / worldSize;
    }
  }

  private static void unpackPutsPartitionsInOrderWithoutPadding(int worldSize) {
    List<Cast> casts =
        List.of(
            new Cast(DType.F32, DType.BF16, 100_003),
            new Cast(DType.F32, DType.BF16, 2),
            new Cast(DType.BF16, DType.BF16, 16_385),
            new Cast(DType.F16, DType.F32, 771),
            new Cast(DType.BOOL, DType.BOOL, 19));
    ByteBuffer gathered = Casts.poisoned(1 << 20, 0);
    ByteBuffer expected = Casts.direct(1 << 20, 0);
    SegmentTable table = new SegmentTable(gathered.capacity(), expected.capacity());
    int fileByte = 0;
    int bucketByte = 0;
    for (Cast cast : casts) {
      int partBytes = (int) cast.held().bytes(cast.partElements(worldSize));
      bucketByte = (bucketByte + 15) / 16 * 16;
      ByteBuffer whole =
          cast.held().isCastable()
              ? Casts.numbers(cast.held(), cast.elements(), 0, fileByte)
              : Casts.random((int) cast.held().bytes(cast.elements()), 0, 5);
      fileByte = (fileByte + 3) / 4 * 4;
      Kernels.best()
          .cast(cast.held(), whole, cast.saved(), expected.position(fileByte), cast.elements(), 0);
      for (int rank = 0; rank < worldSize; rank++) {
        int begin = Math.min(cast.elements(), rank * cast.partElements(worldSize));
        int count = Math.min(cast.elements() - begin, cast.partElements(worldSize));
        int from = bucketByte + rank * partBytes;
        int wholeByte = (int) cast.held().bytes(begin);
        gathered.put(from, whole, wholeByte, (int) cast.held().bytes(count));
        int to = fileByte + (int) cast.saved().bytes(begin);
        table.add(cast.held(), from, cast.saved(), to, count);
      }
      fileByte += (int) cast.saved().bytes(cast.elements());
      bucketByte += worldSize * partBytes;
    }
    int length = fileByte;
    Check.equal(expected.slice(0, length), unpacked(table, gathered, length), "of " + worldSize);
  }

  private static ByteBuffer unpacked(SegmentTable table, ByteBuffer gathered, int lengthBytes) {
    int capacity = gathered.capacity();
    ByteBuffer result = Casts.direct(lengthBytes, 0);
    try (CudaStream stream = CudaStream.create(GPU);
        DeviceMemory source = DeviceMemory.allocate(GPU, capacity);
        DeviceMemory target = DeviceMemory.allocate(GPU, capacity);
        DeviceMemory rows = DeviceMemory.allocate(GPU, table.lengthBytes());
        HostMemory host = HostMemory.allocate(capacity)) {
      host.view(0, capacity).put(gathered.duplicate().clear());
      stream.copyToDevice(host.address(), source.address(), capacity);
      host.view(0, capacity).put(new byte[capacity]);
      stream.copyToDevice(host.address(), target.address(), capacity);
      table.writeTo(host.view(0, (int) table.lengthBytes()));
      stream.copyToDevice(host.address(), rows.address(), table.lengthBytes());
      DeviceKernels.load()
          .unpack(table, rows.address(), source.address(), target.address(), stream);
      stream.copyToHost(target.address(), host.address(), lengthBytes);
      result.put(host.view(0, lengthBytes));
    }
    return result.flip();
  }

  private static void mistakesAreRefused() {
    DeviceKernels kernels = DeviceKernels.load();
    try (CudaStream stream = CudaStream.create(GPU);
        DeviceMemory memory = DeviceMemory.allocate(GPU, 64)) {
      long at = memory.address();
      Check.fails(
          IllegalArgumentException.class,
          "no such cast on a GPU: from=F32, to=F64",
          () -> kernels.cast(DType.F32, at, DType.F64, at + 32, 1, stream));
      Check.fails(
          IllegalArgumentException.class,
          "source of a GPU kernel is not aligned",
          () -> kernels.cast(DType.F32, at + 2, DType.BF16, at + 32, 1, stream));
      Check.fails(
          IllegalArgumentException.class,
          "elements=-1",
          () -> kernels.cast(DType.F32, at, DType.BF16, at + 32, -1, stream));
      KernelException overlap =
          Check.fails(
              KernelException.class,
              "GPU kernel refused: kernel=cast, code=-1, device=" + GPU,
              () -> kernels.cast(DType.F32, at, DType.BF16, at + 2, 4, stream));
      Check.equal(-1, overlap.code(), "code");
      kernels.cast(DType.F32, 0, DType.BF16, 0, 0, stream);
      kernels.unpack(new SegmentTable(0, 0), at, at, at, stream);
    }
  }

  private static void mistakesWithTwoGpusAreRefused(Device other) {
    DeviceKernels kernels = DeviceKernels.load();
    try (CudaStream stream = CudaStream.create(GPU);
        CudaStream misnamed = CudaStream.borrowed(other, stream.handle());
        DeviceMemory memory = DeviceMemory.allocate(GPU, 64);
        DeviceMemory elsewhere = DeviceMemory.allocate(other, 64)) {
      long at = memory.address();
      Check.fails(
          DeviceException.class,
          "cudaErrorInvalidResourceHandle",
          () -> kernels.cast(DType.F32, at, DType.BF16, at + 32, 1, misnamed));
      if (Emulation.isReplaced()) {
        return; // what follows ends all use of CUDA by a process
      }
      for (boolean reads : new boolean[] {true, false}) {
        long from = reads ? elsewhere.address() : at;
        long to = reads ? at : elsewhere.address();
        Check.fails(
            DeviceException.class,
            "cudaErrorIllegalAddress",
            () -> {
              kernels.cast(DType.F32, from, DType.BF16, to, 1, stream);
              stream.synchronize();
            });
        Emulation.clearFault();
      }
    }
  }
}
