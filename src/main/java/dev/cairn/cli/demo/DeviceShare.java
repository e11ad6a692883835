package dev.cairn.cli.demo;

import dev.cairn.cli.text.DemoFailedException;
import dev.cairn.cli.text.ExitCode;
import dev.cairn.device.Cuda;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import dev.cairn.device.HostMemory;
import dev.cairn.kernels.DeviceKernels;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import java.util.ArrayList;
import java.util.List;

/** A share in the memory of a GPU, laid out there as {@link RankPartitions} lays it out. */
final class DeviceShare implements RankShare {
  private final DeviceMemory memory;
  private final ParameterSet parameters;

  private DeviceShare(DeviceMemory memory, ParameterSet parameters) {
    this.memory = memory;
    this.parameters = parameters;
  }

  /**
   * Makes sure that there is a GPU, and all it takes to use it.
   *
   * @throws DemoFailedException if not, with what is missing
   */
  static void checkAvailable() throws DemoFailedException {
    String reason = DeviceKernels.reasonNotAvailable().orElse(null);
    if (reason != null) {
      throw new DemoFailedException("no GPU to save from: " + reason, ExitCode.FAILURE);
    }
  }

  /** {@return the GPU of a rank: ranks take them in turn} */
  static Device deviceOf(int rank) {
    return Device.cuda(rank % Cuda.deviceCount());
  }

  /** Copies a share to a GPU; the host's may be closed then. */
  static DeviceShare copy(HostMemory host, long[] offsets, ParameterSet parameters, Device device) {
    DeviceMemory memory = DeviceMemory.allocate(device, Math.max(1, host.lengthBytes()));
    try (CudaStream stream = CudaStream.create(device)) {
      stream.copyToDevice(host.address(), memory.address(), host.lengthBytes());
      stream.synchronize();
      List<Parameter> moved = new ArrayList<>();
      for (Parameter given : parameters.parameters()) {
        Partition partition =
            Partition.of(
                memory.address() + offsets[moved.size()], given.partition().lengthBytes(), device);
        moved.add(
            new Parameter(
                given.name(),
                given.shape(),
                given.held(),
                given.layout(),
                partition,
                given.isBuffer()));
      }
      return new DeviceShare(memory, ParameterSet.of(moved));
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
  }

  @Override
  public ParameterSet parameters() {
    return parameters;
  }

  @Override
  public void close() {
    memory.close();
  }
}
