package dev.cairn.device;

import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudart.cudaPointerAttributes;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * The calls of CUDA's runtime that Cairn makes: numbers in and out, every return code checked, the
 * thread's current device as it was before. Only to be used once {@link CudaLibrary} is loaded.
 */
final class CudaRuntime {
  private static final int SUCCESS = cudart.cudaSuccess;

  private CudaRuntime() {}

  /** A call of CUDA. */
  private interface Call {
    int code();
  }

  private static void check(String name, int code, Device device) {
    if (code != SUCCESS) {
      throw DeviceException.of(name, code, device);
    }
  }

  /** Makes a call with {@code device} as this thread's current one. */
  private static void on(Device device, String name, Call call) {
    int before = currentDevice(device);
    if (before == device.index()) {
      check(name, call.code(), device);
      return;
    }
    check("cudaSetDevice", cudart.cudaSetDevice(device.index()), device);
    try {
      check(name, call.code(), device);
    } catch (DeviceException e) {
      cudart.cudaSetDevice(before); // the first error is the one to tell
      throw e;
    }
    check("cudaSetDevice", cudart.cudaSetDevice(before), device);
  }

  static void run(Device device, Runnable work) {
    on(
        device,
        "",
        () -> {
          work.run();
          return SUCCESS;
        });
  }

  private static int currentDevice(Device device) {
    int[] index = {0};
    check("cudaGetDevice", cudart.cudaGetDevice(index), device);
    return index[0];
  }

  static String errorText(int code) {
    return "%s: %s"
        .formatted(
            cudart.cudaGetErrorName(code).getString(), cudart.cudaGetErrorString(code).getString());
  }

  static int deviceCount() {
    int[] count = {0};
    int code = cudart.cudaGetDeviceCount(count);
    if (code != SUCCESS) {
      throw DeviceException.of("cudaGetDeviceCount", code, "no device");
    }
    return count[0];
  }

  static long freeBytes(Device device) {
    try (SizeTPointer free = new SizeTPointer(1);
        SizeTPointer total = new SizeTPointer(1)) {
      on(device, "cudaMemGetInfo", () -> cudart.cudaMemGetInfo(free, total));
      return free.get();
    }
  }

  /** Returns the GPU that memory belongs to, or the host. */
  static Device deviceOf(long address, Device asking) {
    try (cudaPointerAttributes attributes = new cudaPointerAttributes()) {
      on(
          asking,
          "cudaPointerGetAttributes",
          () -> cudart.cudaPointerGetAttributes(attributes, new Address(address)));
      boolean ofDevice =
          attributes.type() == cudart.cudaMemoryTypeDevice
              || attributes.type() == cudart.cudaMemoryTypeManaged;
      return ofDevice ? Device.cuda(attributes.device()) : Device.cpu();
    }
  }

  // What releases something needs no current device, and so has no other call that could fail
  // first.

  static long allocate(Device device, long lengthBytes) {
    Pointer result = new Pointer();
    on(device, "cudaMalloc", () -> cudart.cudaMalloc(result, lengthBytes));
    return result.address();
  }

  static void free(Device device, long address) {
    check("cudaFree", cudart.cudaFree(new Address(address)), device);
  }

  static long allocatePinned(Device device, long lengthBytes) {
    Pointer result = new Pointer();
    on(
        device,
        "cudaHostAlloc",
        () -> cudart.cudaHostAlloc(result, lengthBytes, cudart.cudaHostAllocPortable));
    return result.address();
  }

  static void freePinned(Device device, long address) {
    check("cudaFreeHost", cudart.cudaFreeHost(new Address(address)), device);
  }

  static void copy(CudaStream stream, long source, long target, long lengthBytes, int kind) {
    on(
        stream.device(),
        "cudaMemcpyAsync",
        () ->
            cudart.cudaMemcpyAsync(
                new Address(target), new Address(source), lengthBytes, kind, pointer(stream)));
  }

  static long createStream(Device device) {
    CUstream_st result = new CUstream_st();
    on(
        device,
        "cudaStreamCreateWithFlags",
        () -> cudart.cudaStreamCreateWithFlags(result, cudart.cudaStreamNonBlocking));
    return result.address();
  }

  static void destroyStream(Device device, long handle) {
    check("cudaStreamDestroy", cudart.cudaStreamDestroy(stream(handle)), device);
  }

  static void synchronize(CudaStream stream) {
    on(
        stream.device(),
        "cudaStreamSynchronize",
        () -> cudart.cudaStreamSynchronize(pointer(stream)));
  }

  static void synchronize(Device device) {
    on(device, "cudaDeviceSynchronize", cudart::cudaDeviceSynchronize);
  }

  static void wait(CudaStream stream, CudaEvent event) {
    on(
        stream.device(),
        "cudaStreamWaitEvent",
        () -> cudart.cudaStreamWaitEvent(pointer(stream), event(event.handle()), 0));
  }

  static long createEvent(Device device) {
    CUevent_st result = new CUevent_st();
    on(
        device,
        "cudaEventCreateWithFlags",
        () -> cudart.cudaEventCreateWithFlags(result, cudart.cudaEventDisableTiming));
    return result.address();
  }

  static void destroyEvent(Device device, long handle) {
    check("cudaEventDestroy", cudart.cudaEventDestroy(event(handle)), device);
  }

  static void record(CudaEvent event, CudaStream stream) {
    on(
        stream.device(),
        "cudaEventRecord",
        () -> cudart.cudaEventRecord(event(event.handle()), pointer(stream)));
  }

  static void synchronize(CudaEvent event) {
    on(
        event.device(),
        "cudaEventSynchronize",
        () -> cudart.cudaEventSynchronize(event(event.handle())));
  }

  static boolean isDone(CudaEvent event) {
    int[] code = {SUCCESS};
    on(
        event.device(),
        "cudaEventQuery",
        () -> {
          code[0] = cudart.cudaEventQuery(event(event.handle()));
          return code[0] == cudart.cudaErrorNotReady ? SUCCESS : code[0];
        });
    return code[0] == SUCCESS;
  }

  private static CUstream_st pointer(CudaStream stream) {
    return stream(stream.handle());
  }

  private static CUstream_st stream(long handle) {
    return new CUstream_st(new Address(handle));
  }

  private static CUevent_st event(long handle) {
    return new CUevent_st(new Address(handle));
  }

  /** A JavaCPP pointer that owns nothing. */
  private static final class Address extends Pointer {
    Address(long address) {
      super((Pointer) null);
      this.address = address;
    }
  }
}
