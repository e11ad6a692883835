// libcuda.so.1: there, as the bindings want; of its functions those that make a
// context a thread's current one, and which devices have one. What libcudart
// keeps of functions called that are not emulated, this library has of its own.

#include "driver.h"

#include <stdio.h>

#include <atomic>
#include <vector>

#include "emulation.h"

namespace emulation {

int NotEmulated(const char* function) {
  fprintf(stderr, "CUDA emulation: not emulated: %s\n", function);
  return kNotSupported;
}

}  // namespace emulation

namespace {

constexpr int kMostDevices = 64;

// The primary context of a device is known by its address here.
char primary_contexts[kMostDevices];
std::atomic<uint64_t> active{0};
// Of this thread, by device; the last one is the current one.
thread_local std::vector<int> stack;

void Activate(int device) { active |= uint64_t{1} << device; }

}  // namespace

CAIRN_EMULATED int cairn_emulated_device(void) {
  return stack.empty() ? 0 : stack.back();
}

CAIRN_EMULATED void cairn_emulated_set_device(int device) {
  if (stack.empty()) {
    stack.push_back(device);
  }
  stack.back() = device;
  Activate(device);
}

CAIRN_EMULATED void cairn_emulated_run_on(int device) {
  stack.assign(1, device);
}

CAIRN_EMULATED uint64_t cairn_emulated_contexts(void) { return active; }

CAIRN_EMULATED int cuInit(unsigned) { return emulation::kSuccess; }

CAIRN_EMULATED int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return emulation::kSuccess;
}

CAIRN_EMULATED int cuDevicePrimaryCtxRetain(void** context, int device) {
  if (device < 0 || device >= kMostDevices) {
    return emulation::kInvalidDevice;
  }
  Activate(device);
  *context = primary_contexts + device;
  return emulation::kSuccess;
}

CAIRN_EMULATED int cuDevicePrimaryCtxGetState(int device, unsigned* flags,
                                              int* is_active) {
  *flags = 0;
  *is_active = static_cast<int>(active >> device & 1);
  return emulation::kSuccess;
}

CAIRN_EMULATED int cuCtxPushCurrent_v2(char* context) {
  stack.push_back(static_cast<int>(context - primary_contexts));
  return emulation::kSuccess;
}

CAIRN_EMULATED int cuCtxPopCurrent_v2(char** context) {
  if (stack.empty()) {
    return emulation::kInvalidContext;
  }
  *context = primary_contexts + stack.back();
  stack.pop_back();
  return emulation::kSuccess;
}
