package dev.cairn.device;

import org.bytedeco.cuda.cudart.CUctx_st;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudart.cudaPointerAttributes;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * The calls of CUDA's runtime that Cairn makes: numbers in and out, every return code checked. Only
 * to be used once {@link CudaLibrary} is loaded.
 *
 * <p>Cairn is a guest in the process. A call is made with its GPU's primary context pushed and
 * popped afterwards: {@code cudaSetDevice(before)} would make a context on a GPU that nobody asked
 * for, as a new thread's device is 0. An error does not stay behind for the trainer's next {@code
 * cudaGetLastError}. And it is made in relaxed mode, so as not to spoil a graph that the trainer is
 * capturing meanwhile.
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
    check(name, code(device, call), device);
  }

  private static int code(Device device, Call call) {
    check("cuCtxPushCurrent", cudart.cuCtxPushCurrent(PrimaryContext.of(device)), device);
    try {
      return relaxed(call);
    } finally {
      cudart.cuCtxPopCurrent(new CUctx_st());
    }
  }

  /** As {@link #on}, of a call that frees something: it is made whatever else goes wrong. */
  private static void release(Device device, String name, Call call) {
    boolean pushed = cudart.cuCtxPushCurrent(PrimaryContext.of(device)) == SUCCESS;
    int code = relaxed(call);
    if (pushed) {
      cudart.cuCtxPopCurrent(new CUctx_st());
    }
    check(name, code, device);
  }

  private static int relaxed(Call call) {
    int[] mode = {cudart.cudaStreamCaptureModeRelaxed};
    cudart.cudaThreadExchangeStreamCaptureMode(mode);
    try {
      int code = call.code();
      if (code != SUCCESS) {
        cudart.cudaGetLastError();
      }
      return code;
    } finally {
      cudart.cudaThreadExchangeStreamCaptureMode(mode);
    }
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
  static Device deviceOf(long address) {
    int asking = 0;
    while (asking < deviceCount() && !PrimaryContext.isActive(asking)) {
      asking++; // any will do that is in use
    }
    if (asking == deviceCount()) {
      return Device.cpu(); // nothing was allocated on any
    }
    try (cudaPointerAttributes attributes = new cudaPointerAttributes()) {
      on(
          Device.cuda(asking),
          "cudaPointerGetAttributes",
          () -> cudart.cudaPointerGetAttributes(attributes, new Address(address)));
      boolean ofDevice =
          attributes.type() == cudart.cudaMemoryTypeDevice
              || attributes.type() == cudart.cudaMemoryTypeManaged;
      return ofDevice ? Device.cuda(attributes.device()) : Device.cpu();
    }
  }

  static long allocate(Device device, long lengthBytes) {
    Pointer result = new Pointer();
    on(device, "cudaMalloc", () -> cudart.cudaMalloc(result, lengthBytes));
    return result.address();
  }

  static void free(Device device, long address) {
    release(device, "cudaFree", () -> cudart.cudaFree(new Address(address)));
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
    release(device, "cudaFreeHost", () -> cudart.cudaFreeHost(new Address(address)));
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
    release(device, "cudaStreamDestroy", () -> cudart.cudaStreamDestroy(stream(handle)));
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

  /** Without timing; whoever waits for it leaves the processor to others. */
  static long createEvent(Device device) {
    CUevent_st result = new CUevent_st();
    int flags = cudart.cudaEventDisableTiming | cudart.cudaEventBlockingSync;
    on(device, "cudaEventCreateWithFlags", () -> cudart.cudaEventCreateWithFlags(result, flags));
    return result.address();
  }

  static void destroyEvent(Device device, long handle) {
    release(device, "cudaEventDestroy", () -> cudart.cudaEventDestroy(event(handle)));
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
    int code = code(event.device(), () -> cudart.cudaEventQuery(event(event.handle())));
    if (code != cudart.cudaErrorNotReady) {
      check("cudaEventQuery", code, event.device());
    }
    return code == SUCCESS;
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
