package dev.cairn.device;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.cuda.cudart.CUctx_st;
import org.bytedeco.cuda.global.cudart;

/**
 * The primary contexts of GPUs, which the runtime uses and all of a process shares. Each is
 * retained once, when it is first needed, and kept: what was allocated in it, a trainer may still
 * hold.
 */
final class PrimaryContext {
  private static final int SUCCESS = cudart.cudaSuccess;
  private static final Map<Integer, CUctx_st> RETAINED = new ConcurrentHashMap<>();

  private PrimaryContext() {}

  /** Returns a GPU's; it takes about 0.5 GB there if nobody has used that GPU before. */
  static CUctx_st of(Device device) {
    return RETAINED.computeIfAbsent(device.index(), PrimaryContext::retain);
  }

  private static CUctx_st retain(int index) {
    int[] driverDevice = {0};
    CUctx_st context = new CUctx_st();
    check("cuInit", cudart.cuInit(0), index);
    check("cuDeviceGet", cudart.cuDeviceGet(driverDevice, index), index);
    int code = cudart.cuDevicePrimaryCtxRetain(context, driverDevice[0]);
    check("cuDevicePrimaryCtxRetain", code, index);
    return context;
  }

  private static void check(String call, int code, int index) {
    if (code != SUCCESS) {
      throw DeviceException.of(call, code, Device.cuda(index));
    }
  }

  /** Returns whether anybody in this process uses a GPU; does not begin to. */
  static boolean isActive(int index) {
    int[] driverDevice = {0};
    int[] flags = {0};
    int[] active = {0};
    return cudart.cuInit(0) == SUCCESS
        && cudart.cuDeviceGet(driverDevice, index) == SUCCESS
        && cudart.cuDevicePrimaryCtxGetState(driverDevice[0], flags, active) == SUCCESS
        && active[0] != 0;
  }
}
