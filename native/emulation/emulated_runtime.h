/* What host code of the kernels calls instead of the CUDA runtime: the few
   functions of it that they use, and three that the emulation adds. */
#ifndef CAIRN_EMULATED_RUNTIME_H_
#define CAIRN_EMULATED_RUNTIME_H_

#include <stdint.h>

extern "C" {

typedef int32_t cudaError_t;
typedef struct CUstream_st* cudaStream_t;
constexpr cudaError_t cudaSuccess = 0;

cudaError_t cudaGetDevice(int* device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetLastError(void);

/* Loads a kernel on the current device, unless it is; what
   cudaFuncGetAttributes does besides. */
cudaError_t cairn_emulated_load(const void* kernel);

/* Queues run(queued), which returns a cudaError_t, on a stream. kernel: what is
   loaded for that; null if it has been. */
cudaError_t cairn_emulated_launch(const void* kernel, cudaStream_t stream,
                                  int32_t (*run)(void*), void* queued);

/* Returns where the bytes of an address that a device can access really are;
   null if it cannot. */
void* cairn_emulated_memory(uintptr_t address);

}  // extern "C"

#endif  // CAIRN_EMULATED_RUNTIME_H_
