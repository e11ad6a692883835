// Kernels: what launches them, and the memory that they can reach.

#include "emulated_runtime.h"
#include "emulation.h"

CAIRN_EMULATED cudaError_t cairn_emulated_launch(cudaStream_t stream,
                                                 int32_t (*run)(void*),
                                                 void* queued) {
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
