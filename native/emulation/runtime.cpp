// The functions of the CUDA runtime that Cairn calls, by their own names:
// devices and memory. Their declarations are the ABI of CUDA 13; see its API
// reference for what they do.

#include <string.h>

#include <vector>

#include "driver.h"
#include "emulated_runtime.h"
#include "emulation.h"
#include "runtime_call.h"

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
