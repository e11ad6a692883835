package dev.cairn.gpu;

import dev.cairn.device.CudaEvent;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import dev.cairn.machine.CloseAll;

/**
 * Device memory in which elements wait: cast, to be copied to the host, or copied from there, to be
 * cast.
 *
 * @param memory where they wait
 * @param isCast recorded when they have been cast into or out of it
 * @param isCopied recorded when they have been copied out of or into it
 */
record DeviceSlot(DeviceMemory memory, CudaEvent isCast, CudaEvent isCopied)
    implements AutoCloseable {
  static DeviceSlot open(Device device, long lengthBytes) {
    CloseAll opened = new CloseAll();
    try {
      return new DeviceSlot(
          opened.add(DeviceMemory.allocate(device, lengthBytes)),
          opened.add(CudaEvent.create(device)),
          opened.add(CudaEvent.create(device)));
    } catch (RuntimeException e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  @Override
  public void close() {
    CloseAll.of(memory, isCast, isCopied).close();
  }
}
