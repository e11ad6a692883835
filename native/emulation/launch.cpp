// Kernels: what launches them, and the memory that they can reach.

#include "emulated_runtime.h"
#include "emulation.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <mutex>
#include <set>

namespace {
// As CUDA_MODULE_LOADING=LAZY, the default: the first launch of a kernel loads it, which may wait until the context is idle.
void LoadLazily(int32_t (*run)(void*), void* queued) {
  static const bool lazy = getenv("CAIRN_EMULATION_LAZY") != nullptr;
  if (!lazy) return;
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(run), &info) == 0 || strstr(info.dli_fname, "jnicairncuda") == nullptr) return;
  static std::mutex mutex;
  static auto* const loaded = new std::set<void*>;
  const std::lock_guard<std::mutex> lock(mutex);
  if (loaded->insert(*static_cast<void**>(queued)).second) emulation::WaitForAllStreams();
}
}  // namespace

CAIRN_EMULATED cudaError_t cairn_emulated_launch(cudaStream_t stream,
                                                 int32_t (*run)(void*),
                                                 void* queued) {
  LoadLazily(run, queued);
  const emulation::Error told = emulation::EnterCall("cudaLaunchKernel");
  return told != emulation::kSuccess
             ? told
             : emulation::QueueKernel(stream, [=] { return run(queued); });
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
