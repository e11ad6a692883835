// What the kernels' host code calls, without threads: a launch runs at once, in
// memory that AddressSanitizer watches. One device.
#ifndef CAIRN_SYNCHRONOUS_RUNTIME_H_
#define CAIRN_SYNCHRONOUS_RUNTIME_H_

#include "emulated_runtime.h"

inline int& CurrentDevice() {
  static int device = 0;
  return device;
}

// What the next call fails with, once.
inline cudaError_t& NextError() {
  static cudaError_t error = cudaSuccess;
  return error;
}

inline cudaError_t TakeError() {
  const cudaError_t error = NextError();
  NextError() = cudaSuccess;
  return error;
}

extern "C" {

cudaError_t cudaGetDevice(int* device) {
  *device = CurrentDevice();
  return TakeError();
}

cudaError_t cudaSetDevice(int device) {
  constexpr cudaError_t kInvalidDevice = 101;
  if (device < 0 || device > 1) {
    return kInvalidDevice;
  }
  CurrentDevice() = device;
  return cudaSuccess;
}

cudaError_t cudaGetLastError(void) { return cudaSuccess; }

cudaError_t cairn_emulated_load(const void*) { return TakeError(); }

cudaError_t cairn_emulated_launch(const void*, cudaStream_t,
                                  int32_t (*run)(void*), void* queued) {
  return run(queued);
}

void* cairn_emulated_memory(uintptr_t address) {
  return reinterpret_cast<void*>(address);
}

}  // extern "C"

#endif  // CAIRN_SYNCHRONOUS_RUNTIME_H_
