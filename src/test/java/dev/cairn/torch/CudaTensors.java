package dev.cairn.torch;

import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import dev.cairn.device.PinnedMemory;
import java.util.ArrayDeque;
import java.util.Deque;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.LongArrayRef;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/**
 * Real tensors of PyTorch whose device is a GPU, over memory from the emulation: its part without
 * CUDA can describe them, though not compute with them. They are filled on a busy stream.
 */
final class CudaTensors implements AutoCloseable {
  private static final int EARLIER_COPIES = 60;

  private final Deque<Runnable> opened = new ArrayDeque<>();
  private final Device device;
  private final CudaStream stream;

  CudaTensors(Device device) {
    this.device = device;
    stream = CudaStream.create(device);
    opened.push(stream::close);
    DeviceMemory busy = DeviceMemory.allocate(device, EARLIER_COPIES);
    opened.push(busy::close);
    for (int copy = 1; copy < EARLIER_COPIES; copy++) {
      stream.copyOnDevice(busy.address(), busy.address() + copy, 1);
    }
  }

  /** An address that means something to CUDA. */
  static final class Address extends Pointer {
    Address(long value) {
      address = value;
    }
  }

  /** The stream that fills the tensors. */
  CudaStream stream() {
    return stream;
  }

  /** Returns a tensor that will hold what another has; it begins within a larger storage. */
  Tensor copyOf(Tensor host, int storageOffset) {
    long lengthBytes = host.nbytes();
    long skippedBytes = storageOffset * host.itemsize();
    DeviceMemory memory = DeviceMemory.allocate(device, skippedBytes + lengthBytes);
    opened.push(memory::close);
    PinnedMemory pinned = PinnedMemory.allocate(device, lengthBytes);
    opened.push(pinned::close);
    try (BytePointer source = new BytePointer(host.data_ptr())) {
      pinned
          .view(0, (int) lengthBytes)
          .put(source.capacity(lengthBytes).asByteBuffer().limit((int) lengthBytes));
    }
    stream.copyToDevice(pinned.address(), memory.address() + skippedBytes, lengthBytes);
    long[] shape = new long[(int) host.dim()];
    for (int index = 0; index < shape.length; index++) {
      shape[index] = host.size(index);
    }
    return at(memory.address(), host.scalar_type(), storageOffset, shape);
  }

  /** Returns a tensor of this GPU at an address. */
  Tensor at(long address, torch.ScalarType type, int storageOffset, long... shape) {
    org.bytedeco.pytorch.Device gpu =
        new org.bytedeco.pytorch.Device(torch.DeviceType.CUDA, (byte) device.index());
    DeviceOptional target = new DeviceOptional(gpu);
    // The maker borrows the sizes until the tensor is made.
    try (LongPointer sizes = new LongPointer(shape);
        LongArrayRef borrowed = new LongArrayRef(sizes, shape.length)) {
      Tensor made =
          torch
              .for_blob(new Address(address), borrowed)
              .storage_offset(new LongOptional(storageOffset))
              .options(new TensorOptions(type).device(target))
              .target_device(target)
              .make_tensor();
      opened.push(made::close);
      return made;
    }
  }

  @Override
  public void close() {
    stream.synchronize();
    while (!opened.isEmpty()) {
      opened.pop().run();
    }
  }
}
