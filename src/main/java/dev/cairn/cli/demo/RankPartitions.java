package dev.cairn.cli.demo;

import dev.cairn.device.Device;
import dev.cairn.device.HostMemory;
import dev.cairn.layout.ElementRange;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One rank's share of a model in native memory, as a trainer under ZeRO-3 would hold it: one block,
 * the partitions one after the other, padding poisoned so that it would be seen in a file.
 */
final class RankPartitions implements RankShare {
  private static final int VIEW_BYTES = 64 << 20;
  private static final byte POISON = (byte) 0xA5;
  private static final int ALIGNMENT_BYTES = 64;

  private final HostMemory memory;
  private final long[] offsets;
  private final ParameterSet parameters;

  private RankPartitions(HostMemory memory, long[] offsets, ParameterSet parameters) {
    this.memory = memory;
    this.offsets = offsets;
    this.parameters = parameters;
  }

  /** Allocates the share of {@code rank} and fills it. */
  static RankPartitions fill(DemoModel model, int rank, int worldSize) throws IOException {
    List<TensorInfo> tensors = model.tensors();
    List<Layout> layouts = new ArrayList<>();
    long[] offsets = new long[tensors.size() + 1];
    for (int i = 0; i < tensors.size(); i++) {
      Layout layout = layoutOf(tensors.get(i));
      layouts.add(layout);
      offsets[i + 1] =
          aligned(offsets[i] + partitionBytes(tensors.get(i), layout, rank, worldSize));
    }
    HostMemory memory = HostMemory.allocate(offsets[tensors.size()]);
    try {
      List<Parameter> parameters = new ArrayList<>();
      for (int i = 0; i < tensors.size(); i++) {
        TensorInfo tensor = tensors.get(i);
        Layout layout = layouts.get(i);
        long lengthBytes = partitionBytes(tensor, layout, rank, worldSize);
        long validBytes = 0;
        for (ElementRange range : layout.ranges(tensor.shape(), rank, worldSize)) {
          validBytes += fill(model, i, range, memory, offsets[i] + validBytes);
        }
        poison(memory, offsets[i] + validBytes, lengthBytes - validBytes);
        parameters.add(
            Parameter.of(
                tensor.name(),
                tensor.shape(),
                tensor.dtype(),
                layout,
                Partition.of(memory.address() + offsets[i], lengthBytes, Device.cpu())));
      }
      return new RankPartitions(memory, offsets, ParameterSet.of(parameters));
    } catch (IOException | RuntimeException e) {
      memory.close();
      throw e;
    }
  }

  /** Elements narrower than a byte cannot be cut anywhere: every rank holds such a tensor whole. */
  private static Layout layoutOf(TensorInfo tensor) {
    return tensor.dtype().bits() % 8 == 0 ? Layout.zero3() : Layout.replicated();
  }

  private static long partitionBytes(TensorInfo tensor, Layout layout, int rank, int worldSize) {
    return tensor.dtype().bytes(layout.paddedElements(tensor.shape(), rank, worldSize));
  }

  private static long aligned(long offset) {
    return Math.addExact(offset, (long) ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
  }

  /** Fills the memory from {@code offset} on and returns how many bytes that took. */
  private static long fill(
      DemoModel model, int tensor, ElementRange range, HostMemory memory, long offset)
      throws IOException {
    TensorInfo info = model.tensors().get(tensor);
    long beginByte = info.dtype().bytes(range.begin());
    long validBytes = info.dtype().bytes(range.elements());
    for (long done = 0; done < validBytes; done += VIEW_BYTES) {
      int viewBytes = (int) Math.min(VIEW_BYTES, validBytes - done);
      model.read(tensor, beginByte + done, memory.view(offset + done, viewBytes));
    }
    return validBytes;
  }

  private static void poison(HostMemory memory, long offset, long lengthBytes) {
    byte[] bytes = new byte[Math.toIntExact(lengthBytes)];
    Arrays.fill(bytes, POISON);
    ByteBuffer view = memory.view(offset, bytes.length);
    view.put(bytes);
  }

  /** Copies the share to a GPU. */
  DeviceShare toDevice(Device device) {
    return DeviceShare.copy(memory, offsets, parameters, device);
  }

  @Override
  public ParameterSet parameters() {
    return parameters;
  }

  /** Returns a view of one partition of less than 2 GiB, padding included. */
  ByteBuffer partition(int tensor) {
    long lengthBytes = parameters.parameters().get(tensor).partition().lengthBytes();
    return memory.view(offsets[tensor], Math.toIntExact(lengthBytes));
  }

  @Override
  public void close() {
    memory.close();
  }
}
