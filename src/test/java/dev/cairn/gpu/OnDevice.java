package dev.cairn.gpu;

import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import dev.cairn.device.PinnedMemory;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;

/**
 * A trainer whose parameters are in the memory of a GPU, most of them. What it does, it queues on a
 * stream of its own and does not wait for.
 */
public final class OnDevice implements AutoCloseable {
  private static final int STAYS_ON_HOST = 4;
  private static final int EARLIER_COPIES = 60;

  private final Deque<Runnable> opened = new ArrayDeque<>();
  private final List<DeviceMemory> memories = new ArrayList<>();
  private final CudaStream stream;
  private final Device device;
  private ParameterSet parameters;

  /** Takes the parameters to a GPU; one in four stays where it is, so that chunks are mixed. */
  public OnDevice(Device device, ParameterSet host) {
    this(device, host, STAYS_ON_HOST);
  }

  /**
   * Takes the parameters to a GPU.
   *
   * @param staysOnHost of so many one stays where it is
   */
  public OnDevice(Device device, ParameterSet host, int staysOnHost) {
    this.device = device;
    stream = CudaStream.create(device);
    opened.push(stream::close);
    try {
      beBusy(EARLIER_COPIES);
      List<Parameter> moved = new ArrayList<>();
      for (Parameter parameter : host.parameters()) {
        boolean stays = moved.size() % staysOnHost == staysOnHost - 1;
        moved.add(stays ? parameter : moved(parameter));
      }
      parameters = ParameterSet.of(moved);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Queues work, so that what comes after it is done later than a save or restore begins. */
  void beBusy(int copies) {
    DeviceMemory memory = DeviceMemory.allocate(device, copies);
    opened.push(memory::close);
    for (int copy = 1; copy < copies; copy++) {
      stream.copyOnDevice(memory.address(), memory.address() + copy, 1);
    }
  }

  private Parameter moved(Parameter given) {
    int lengthBytes = Math.toIntExact(given.partition().lengthBytes());
    if (lengthBytes == 0) {
      return given;
    }
    DeviceMemory memory = DeviceMemory.allocate(device, lengthBytes);
    opened.push(memory::close);
    memories.add(memory);
    upload(memory, given.partition().view(0, lengthBytes));
    return new Parameter(
        given.name(),
        given.shape(),
        given.held(),
        given.layout(),
        Partition.of(memory.address(), lengthBytes, stream),
        given.isBuffer());
  }

  private void upload(DeviceMemory memory, ByteBuffer bytes) {
    PinnedMemory pinned = PinnedMemory.allocate(device, memory.lengthBytes());
    opened.push(pinned::close);
    pinned.view(0, bytes.remaining()).put(bytes);
    stream.copyToDevice(pinned.address(), memory.address(), memory.lengthBytes());
  }

  public ParameterSet parameters() {
    return parameters;
  }

  /**
   * Returns what the partitions hold when the trainer's stream gets there, the last one first, in
   * host memory.
   */
  ParameterSet download() {
    List<Parameter> copies = new ArrayList<>();
    for (int index = parameters.parameters().size() - 1; index >= 0; index--) {
      Parameter given = parameters.parameters().get(index);
      copies.add(given.partition().isOnDevice() ? downloaded(given) : given);
    }
    Collections.reverse(copies);
    return ParameterSet.of(copies);
  }

  private Parameter downloaded(Parameter given) {
    int lengthBytes = Math.toIntExact(given.partition().lengthBytes());
    ByteBuffer bytes = ByteBuffer.allocateDirect(lengthBytes);
    try (PinnedMemory pinned = PinnedMemory.allocate(device, lengthBytes)) {
      stream.copyToHost(given.partition().address(0), pinned.address(), lengthBytes);
      stream.synchronize();
      bytes.put(pinned.view(0, lengthBytes)).flip();
    }
    return new Parameter(
        given.name(),
        given.shape(),
        given.held(),
        given.layout(),
        Partition.of(bytes),
        given.isBuffer());
  }

  /** Waits until the parameters are what they are to be. */
  public void await() {
    stream.synchronize();
  }

  /** Queues changes of all that is on the GPU, as the next step would make them. */
  void overwrite() {
    for (DeviceMemory memory : memories) {
      upload(memory, ByteBuffer.allocateDirect((int) memory.lengthBytes()));
    }
  }

  @Override
  public void close() {
    while (!opened.isEmpty()) {
      opened.pop().run();
    }
  }
}
