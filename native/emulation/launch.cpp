// Kernels: what loads and launches them, and the memory that they can reach.

#include <mutex>
#include <set>
#include <utility>

#include "emulated_runtime.h"
#include "emulation.h"

namespace {

// As with CUDA_MODULE_LOADING=LAZY, the default: a kernel is loaded on a device
// when it is first launched there, or its attributes are asked for, and that
// waits until the device is idle.
void LoadLazily(const void* kernel) {
  static std::mutex mutex;
  static auto* const loaded = new std::set<std::pair<const void*, int>>;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    if (!loaded->insert({kernel, emulation::CurrentDevice()}).second) {
      return;
    }
  }
  emulation::WaitForDevice(emulation::CurrentDevice());
}

}  // namespace

CAIRN_EMULATED cudaError_t cairn_emulated_load(const void* kernel) {
  const emulation::Error told = emulation::EnterCall("cudaFuncGetAttributes");
  if (told == emulation::kSuccess) {
    LoadLazily(kernel);
  }
  return emulation::Keep(told);
}

CAIRN_EMULATED cudaError_t cairn_emulated_launch(const void* kernel,
                                                 cudaStream_t stream,
                                                 int32_t (*run)(void*),
                                                 void* queued) {
  const emulation::Error told = emulation::EnterCall("cudaLaunchKernel");
  if (told != emulation::kSuccess) {
    return emulation::Keep(told);
  }
  if (kernel != nullptr) {
    LoadLazily(kernel);
  }
  return emulation::Keep(
      emulation::QueueKernel(stream, [=] { return run(queued); }));
}

// Called by kernels, whose thread's current device is their stream's. What is
// in another one's memory they cannot reach: nobody enables peer access.
CAIRN_EMULATED void* cairn_emulated_memory(uintptr_t address) {
  bool valid;
  int device;
  const emulation::Kind kind = emulation::Find(address, 1, &valid, &device);
  return kind == emulation::Kind::kDevice &&
                 device != emulation::CurrentDevice()
             ? nullptr
             : emulation::Real(address);
}
