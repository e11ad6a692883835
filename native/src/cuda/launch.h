// What a kernel's source needs of its compiler: nvcc, which makes code for
// GPUs, or g++, which makes host code of the same kernels for tests.
#ifndef CAIRN_LAUNCH_H_
#define CAIRN_LAUNCH_H_

#include <stdint.h>

namespace cairn {

constexpr unsigned kBlockThreads = 256;

// Takes a type out of what a compiler deduces arguments from.
template <typename T>
struct Same {
  using Type = T;
};

}  // namespace cairn

#ifdef __CUDACC__

#include <cuda_runtime_api.h>

#define CAIRN_DEVICE __device__ __forceinline__
#define CAIRN_UNROLL _Pragma("unroll")

namespace cairn {

// The bits above `bits` of the 64 that lo and hi are; 0 <= bits < 32.
CAIRN_DEVICE uint32_t ShiftPair(uint32_t lo, uint32_t hi, uint32_t bits) {
  return __funnelshift_r(lo, hi, bits);
}

// Loads 16 aligned bytes that nobody writes while the kernel runs. In assembly,
// as the compiler would split a vector of which it finds a part unused.
CAIRN_DEVICE uint4 LoadVector(const uint8_t* aligned) {
  uint4 vector;
  asm("ld.global.nc.v4.u32 {%0, %1, %2, %3}, [%4];"
      : "=r"(vector.x), "=r"(vector.y), "=r"(vector.z), "=r"(vector.w)
      : "l"(__cvta_generic_to_global(aligned)));
  return vector;
}

// Loads a kernel on the current device.
template <typename... A>
cudaError_t Load(void (*kernel)(A...)) {
  cudaFuncAttributes attributes;
  return cudaFuncGetAttributes(&attributes,
                               reinterpret_cast<const void*>(kernel));
}

// Queues blocks of kBlockThreads threads each.
template <typename... A>
cudaError_t Launch(void (*kernel)(A...), unsigned blocks, cudaStream_t stream,
                   typename Same<A>::Type... arguments) {
  void* pointers[] = {&arguments...};
  return cudaLaunchKernel(reinterpret_cast<const void*>(kernel), dim3(blocks),
                          dim3(kBlockThreads), pointers, 0, stream);
}

}  // namespace cairn

#else

#include <tuple>

#include "emulated_runtime.h"

#define __global__
#define CAIRN_DEVICE inline
#define CAIRN_UNROLL

struct alignas(16) uint4 {
  uint32_t x, y, z, w;
};

struct CairnIndex {
  unsigned x;
};

static thread_local CairnIndex threadIdx, blockIdx, blockDim, gridDim;

namespace cairn {

CAIRN_DEVICE uint32_t ShiftPair(uint32_t lo, uint32_t hi, uint32_t bits) {
  const uint64_t pair = (static_cast<uint64_t>(hi) << 32) | lo;
  return static_cast<uint32_t>(pair >> bits);
}

CAIRN_DEVICE uint4 LoadVector(const uint8_t* aligned) {
  return *reinterpret_cast<const uint4*>(aligned);
}

// A launch that has been queued: runs every thread of every block, in order.
template <typename... A>
class Launched {
 public:
  Launched(void (*kernel)(A...), unsigned blocks, A... arguments)
      : kernel_(kernel), blocks_(blocks), arguments_(arguments...) {}

  static int32_t Run(void* queued) {
    const auto* self = static_cast<Launched*>(queued);
    const int32_t status =
        std::apply([self](A... arguments) { return self->Run(arguments...); },
                   self->arguments_);
    delete self;
    return status;
  }

 private:
  template <typename T>
  static bool Resolve(T*& address) {
    void* memory = cairn_emulated_memory(reinterpret_cast<uintptr_t>(address));
    address = static_cast<T*>(memory);
    return memory != nullptr;
  }
  static bool Resolve(int64_t) { return true; }

  int32_t Run(A... arguments) const {
    if (!(Resolve(arguments) && ...)) {
      return kIllegalAddress;
    }
    gridDim = {blocks_};
    blockDim = {kBlockThreads};
    for (blockIdx.x = 0; blockIdx.x < blocks_; ++blockIdx.x) {
      for (threadIdx.x = 0; threadIdx.x < kBlockThreads; ++threadIdx.x) {
        kernel_(arguments...);
      }
    }
    return 0;
  }

  static constexpr int32_t kIllegalAddress = 700;

  void (*const kernel_)(A...);
  const unsigned blocks_;
  const std::tuple<A...> arguments_;
};

template <typename... A>
cudaError_t Load(void (*kernel)(A...)) {
  return cairn_emulated_load(reinterpret_cast<const void*>(kernel));
}

template <typename... A>
cudaError_t Launch(void (*kernel)(A...), unsigned blocks, cudaStream_t stream,
                   typename Same<A>::Type... arguments) {
  using Queued = Launched<A...>;
  return cairn_emulated_launch(reinterpret_cast<const void*>(kernel), stream,
                               Queued::Run,
                               new Queued(kernel, blocks, arguments...));
}

}  // namespace cairn

#endif

#endif  // CAIRN_LAUNCH_H_
