// The functions of the CUDA runtime that Cairn calls, by their own names. Their
// declarations are the ABI of CUDA 13; see its API reference for what they do.

#include <string.h>

#include <vector>

#include "driver.h"
#include "emulated_runtime.h"
#include "emulation.h"

// Returns from a call that was told to fail, or that comes after a fault.
#define ENTER                                                        \
  if (const emulation::Error error = emulation::EnterCall(__func__); \
      error != emulation::kSuccess) {                                \
    return emulation::Keep(error);                                   \
  }

// As ENTER, of a call that could wait or allocates.
#define ENTER_UNSAFE                                            \
  ENTER                                                         \
  if (const emulation::Error error = emulation::CheckCapture(); \
      error != emulation::kSuccess) {                           \
    return emulation::Keep(error);                              \
  }

namespace emulation {
namespace {

enum CopyKind { kHostToDevice = 1, kDeviceToHost = 2, kDeviceToDevice = 3 };

struct PointerAttributes {
  int type;
  int device;
  void* device_pointer;
  void* host_pointer;
  long reserved[8];
};

// A copy's side that is host memory, which a stream reads or writes later.
void* LaterHost(void* address, Kind kind) {
  return kind == Kind::kPinned ? Real(reinterpret_cast<uintptr_t>(address))
                               : address;
}

int Copy(void* target, const void* source, size_t length_bytes) {
  if (target == nullptr || source == nullptr) {
    return kIllegalAddress;
  }
  memcpy(target, source, length_bytes);
  return kSuccess;
}

void* RealOf(const void* address) {
  return Real(reinterpret_cast<uintptr_t>(address));
}

// Pageable sources are read before the call returns, pinned ones when the
// stream gets there.
Error ToDevice(void* target, const void* source, Kind source_kind,
               size_t length_bytes, cudaStream_t stream) {
  if (source_kind == Kind::kPinned) {
    return Queue(stream, [=] {
      return Copy(RealOf(target), RealOf(source), length_bytes);
    });
  }
  const auto* bytes = static_cast<const uint8_t*>(source);
  std::vector<uint8_t> staged(bytes, bytes + length_bytes);
  return Queue(stream, [target, staged = std::move(staged)] {
    return Copy(RealOf(target), staged.data(), staged.size());
  });
}

// To pageable memory the call returns when the copy has been made.
Error ToHost(void* target, Kind target_kind, const void* source,
             size_t length_bytes, cudaStream_t stream) {
  PointReference point;
  const Error error = Queue(
      stream,
      [=] {
        return Copy(LaterHost(target, target_kind), RealOf(source),
                    length_bytes);
      },
      &point);
  if (error == kSuccess && target_kind == Kind::kUnknown) {
    WaitFor(point);
  }
  return error;
}

Error CopyAsync(void* target, const void* source, size_t length_bytes, int kind,
                cudaStream_t stream) {
  bool target_valid;
  bool source_valid;
  int device;
  const Kind to = Find(reinterpret_cast<uintptr_t>(target), length_bytes,
                       &target_valid, &device);
  const Kind from = Find(reinterpret_cast<uintptr_t>(source), length_bytes,
                         &source_valid, &device);
  const bool to_device = kind == kHostToDevice || kind == kDeviceToDevice;
  const bool from_device = kind == kDeviceToHost || kind == kDeviceToDevice;
  if (!target_valid || !source_valid || kind < kHostToDevice ||
      kind > kDeviceToDevice || to_device != (to == Kind::kDevice) ||
      from_device != (from == Kind::kDevice)) {
    return kInvalidValue;
  }
  if (kind == kHostToDevice) {
    return ToDevice(target, source, from, length_bytes, stream);
  }
  if (kind == kDeviceToHost) {
    return ToHost(target, to, source, length_bytes, stream);
  }
  return Queue(stream, [=] {
    return Copy(RealOf(target), RealOf(source), length_bytes);
  });
}

}  // namespace

int DeviceCount() {
  static const int count =
      static_cast<int>(Setting("CAIRN_EMULATION_DEVICES", 2));
  return count;
}

int CurrentDevice() { return cairn_emulated_device(); }

}  // namespace emulation

using emulation::EnterCall;
using emulation::Keep;

// Devices.

// The first two need no context.

CAIRN_EMULATED cudaError_t cudaGetDeviceCount(int* count) {
  *count = emulation::DeviceCount();
  return Keep(*count == 0 ? emulation::kNoDevice : emulation::kSuccess);
}

CAIRN_EMULATED cudaError_t cudaGetDevice(int* device) {
  *device = emulation::CurrentDevice();
  return emulation::kSuccess;
}

// Makes a context since CUDA 12.
CAIRN_EMULATED cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= emulation::DeviceCount()) {
    return Keep(emulation::kInvalidDevice);
  }
  cairn_emulated_set_device(device);
  return emulation::kSuccess;
}

CAIRN_EMULATED cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  ENTER
  *free = emulation::FreeBytes(emulation::CurrentDevice());
  *total = emulation::DeviceBytes();
  return emulation::kSuccess;
}

CAIRN_EMULATED cudaError_t cudaDeviceSynchronize() {
  ENTER_UNSAFE
  emulation::WaitForDevice(emulation::CurrentDevice());
  return Keep(EnterCall(nullptr));
}

// Of what a device is, only how fast its memory is said to be: its clock in kHz
// and its lines.
CAIRN_EMULATED cudaError_t cudaDeviceGetAttribute(int* value, int attribute,
                                                  int) {
  ENTER
  *value = attribute == 36 ? 1'000'000 : 64;
  return Keep(attribute == 36 || attribute == 37 ? emulation::kSuccess
                                                 : emulation::kInvalidValue);
}

// Memory.

CAIRN_EMULATED cudaError_t cudaMalloc(void** address, size_t length_bytes) {
  ENTER_UNSAFE
  return Keep(emulation::AllocateDevice(address, length_bytes));
}

CAIRN_EMULATED cudaError_t cudaHostAlloc(void** address, size_t length_bytes,
                                         unsigned) {
  ENTER_UNSAFE
  return Keep(emulation::AllocatePinned(address, length_bytes));
}

CAIRN_EMULATED cudaError_t cudaFree(void* address) {
  emulation::Error told = EnterCall(__func__);
  told = told != emulation::kSuccess ? told : emulation::CheckCapture();
  const emulation::Error error =
      address == nullptr ? emulation::kSuccess
                         : emulation::Free(address, emulation::Kind::kDevice);
  return Keep(told != emulation::kSuccess ? told : error);
}

CAIRN_EMULATED cudaError_t cudaFreeHost(void* address) {
  emulation::Error told = EnterCall(__func__);
  told = told != emulation::kSuccess ? told : emulation::CheckCapture();
  const emulation::Error error =
      address == nullptr ? emulation::kSuccess
                         : emulation::Free(address, emulation::Kind::kPinned);
  return Keep(told != emulation::kSuccess ? told : error);
}

CAIRN_EMULATED cudaError_t cudaPointerGetAttributes(
    emulation::PointerAttributes* attributes, const void* address) {
  ENTER
  bool valid;
  int device;
  const emulation::Kind kind =
      emulation::Find(reinterpret_cast<uintptr_t>(address), 1, &valid, &device);
  memset(attributes, 0, sizeof(*attributes));
  attributes->device = device;
  attributes->type = kind == emulation::Kind::kDevice   ? 2
                     : kind == emulation::Kind::kPinned ? 1
                                                        : 0;
  return emulation::kSuccess;
}

CAIRN_EMULATED cudaError_t cudaMemcpyAsync(void* target, const void* source,
                                           size_t length_bytes, int kind,
                                           cudaStream_t stream) {
  ENTER
  return Keep(emulation::CopyAsync(target, source, length_bytes, kind, stream));
}

// Streams.

CAIRN_EMULATED cudaError_t cudaStreamCreateWithFlags(void** stream,
                                                     unsigned flags) {
  ENTER
  return Keep(emulation::CreateStream((flags & 1U) == 0, stream));
}

CAIRN_EMULATED cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const emulation::Error told = EnterCall(__func__);
  const emulation::Error error = emulation::DestroyStream(stream);
  return Keep(told != emulation::kSuccess ? told : error);
}

CAIRN_EMULATED cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  ENTER_UNSAFE
  emulation::NoteSpin();
  const emulation::Error error = emulation::WaitForStream(stream);
  return Keep(error != emulation::kSuccess ? error : EnterCall(nullptr));
}

CAIRN_EMULATED cudaError_t cudaStreamWaitEvent(cudaStream_t stream, void* event,
                                               unsigned) {
  ENTER
  emulation::PointReference point;
  const emulation::Error error = emulation::PointOf(event, &point);
  if (error != emulation::kSuccess || emulation::SkipsStreamWait()) {
    return Keep(error);
  }
  return Keep(emulation::QueueWait(stream, point));
}

// Events.

CAIRN_EMULATED cudaError_t cudaEventCreateWithFlags(void** event,
                                                    unsigned flags) {
  constexpr unsigned kBlockingSync = 1;
  ENTER
  return Keep(emulation::CreateEvent((flags & kBlockingSync) != 0, event));
}

CAIRN_EMULATED cudaError_t cudaEventDestroy(void* event) {
  const emulation::Error told = EnterCall(__func__);
  const emulation::Error error = emulation::DestroyEvent(event);
  return Keep(told != emulation::kSuccess ? told : error);
}

CAIRN_EMULATED cudaError_t cudaEventRecord(void* event, cudaStream_t stream) {
  ENTER
  return Keep(emulation::RecordEvent(event, stream));
}

CAIRN_EMULATED cudaError_t cudaEventQuery(void* event) {
  ENTER_UNSAFE
  emulation::PointReference point;
  const emulation::Error error = emulation::PointOf(event, &point);
  return Keep(error != emulation::kSuccess ? error
              : emulation::IsDone(point)   ? emulation::kSuccess
                                           : emulation::kNotReady);
}

CAIRN_EMULATED cudaError_t cudaEventSynchronize(void* event) {
  ENTER_UNSAFE
  emulation::PointReference point;
  bool blocks;
  const emulation::Error error = emulation::PointOf(event, &point, &blocks);
  if (error == emulation::kSuccess && !emulation::SkipsHostWait()) {
    if (!blocks) {
      emulation::NoteSpin();
    }
    emulation::WaitFor(point);
  }
  return Keep(error != emulation::kSuccess ? error : EnterCall(nullptr));
}

CAIRN_EMULATED cudaError_t cudaEventElapsedTime(float* millis, void* from,
                                                void* to) {
  ENTER
  emulation::PointReference begin;
  emulation::PointReference end;
  emulation::Error error = emulation::PointOf(from, &begin);
  error = error == emulation::kSuccess ? emulation::PointOf(to, &end) : error;
  if (error != emulation::kSuccess || !emulation::IsDone(begin) ||
      !emulation::IsDone(end)) {
    return Keep(error != emulation::kSuccess ? error : emulation::kNotReady);
  }
  *millis = emulation::MillisBetween(begin, end);
  return emulation::kSuccess;
}

// Graphs, as far as whoever does not capture one notices.

CAIRN_EMULATED cudaError_t cudaStreamBeginCapture(cudaStream_t stream,
                                                  int mode) {
  ENTER
  return Keep(emulation::BeginCapture(stream, mode));
}

CAIRN_EMULATED cudaError_t cudaStreamEndCapture(cudaStream_t stream,
                                                void** graph) {
  ENTER
  *graph = nullptr;
  return Keep(emulation::EndCapture(stream));
}

CAIRN_EMULATED cudaError_t cudaThreadExchangeStreamCaptureMode(int* mode) {
  *mode = emulation::ExchangeCaptureMode(*mode);
  return emulation::kSuccess;
}
