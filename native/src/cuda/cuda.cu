// The kernels and the entry points: check, choose a kernel, launch it.

#include <stdint.h>

#include "cairn/cpu.h"
#include "cairn/cuda.h"
#include "launch.h"
#include "range.h"

// Returns from the function that makes the call unless it succeeds.
#define CAIRN_CUDA_CHECK(call)                                  \
  if (const cudaError_t error = (call); error != cudaSuccess) { \
    return static_cast<int32_t>(error);                         \
  }

namespace cairn {
namespace {

// Enough to keep every multiprocessor busy; a thread strides over the rest.
constexpr int64_t kMostBlocks = 2048;

CAIRN_ELEMENT int64_t TypeBytes(int32_t type) {
  return type == CAIRN_F64          ? 8
         : type == CAIRN_F32        ? 4
         : type == CAIRN_CUDA_BYTES ? 1
                                    : 2;
}

bool IsCast(int32_t from, int32_t to) {
  return from >= CAIRN_F64 && from <= CAIRN_CUDA_BYTES && to >= CAIRN_F64 &&
         to <= CAIRN_CUDA_BYTES &&
         (from == to || (from != CAIRN_CUDA_BYTES && to != CAIRN_CUDA_BYTES &&
                         to != CAIRN_F64));
}

// Calls visit.Visit<from, to>(); types that are equal become bytes. Compiled
// for host and GPU, called where visit can be.
#ifdef __CUDACC__
#pragma nv_exec_check_disable
#endif
template <typename Visitor>
CAIRN_ELEMENT auto Visit(int32_t from, int32_t to, Visitor visit) {
  switch (from == to ? 16 : 4 * from + to) {
    case 4 * CAIRN_F64 + CAIRN_F32:
      return visit.template Visit<CAIRN_F64, CAIRN_F32>();
    case 4 * CAIRN_F64 + CAIRN_BF16:
      return visit.template Visit<CAIRN_F64, CAIRN_BF16>();
    case 4 * CAIRN_F64 + CAIRN_F16:
      return visit.template Visit<CAIRN_F64, CAIRN_F16>();
    case 4 * CAIRN_F32 + CAIRN_BF16:
      return visit.template Visit<CAIRN_F32, CAIRN_BF16>();
    case 4 * CAIRN_F32 + CAIRN_F16:
      return visit.template Visit<CAIRN_F32, CAIRN_F16>();
    case 4 * CAIRN_BF16 + CAIRN_F32:
      return visit.template Visit<CAIRN_BF16, CAIRN_F32>();
    case 4 * CAIRN_BF16 + CAIRN_F16:
      return visit.template Visit<CAIRN_BF16, CAIRN_F16>();
    case 4 * CAIRN_F16 + CAIRN_F32:
      return visit.template Visit<CAIRN_F16, CAIRN_F32>();
    case 4 * CAIRN_F16 + CAIRN_BF16:
      return visit.template Visit<CAIRN_F16, CAIRN_BF16>();
    default:
      return visit.template Visit<CAIRN_CUDA_BYTES, CAIRN_CUDA_BYTES>();
  }
}

template <int kFrom, int kTo>
__global__ void CastKernel(const uint8_t* __restrict__ source,
                           uint8_t* __restrict__ target, int64_t elements) {
  const int64_t thread =
      static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  CastRange<kFrom, kTo>(source, target, elements, thread,
                        static_cast<int64_t>(gridDim.x) * blockDim.x);
}

// Casts a range by the threads of this block.
struct BlockCast {
  const uint8_t* source;
  uint8_t* target;
  int64_t elements;

  template <int kFrom, int kTo>
  CAIRN_DEVICE void Visit() const {
    CastRange<kFrom, kTo>(source, target, elements, threadIdx.x, blockDim.x);
  }
};

__global__ void UnpackKernel(const CairnSegment* __restrict__ table,
                             int64_t segments, int64_t tiles,
                             const uint8_t* __restrict__ source,
                             uint8_t* __restrict__ target) {
  for (int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    int64_t row = 0;  // the last one that does not begin behind this tile
    for (int64_t end = segments; end - row > 1;) {
      const int64_t middle = row + (end - row) / 2;
      if (table[middle].first_tile <= tile) {
        row = middle;
      } else {
        end = middle;
      }
    }
    const CairnSegment segment = table[row];
    const int64_t begin =
        (tile - segment.first_tile) * CAIRN_CUDA_TILE_ELEMENTS;
    const int64_t left = segment.elements - begin;
    const int64_t count =
        left < CAIRN_CUDA_TILE_ELEMENTS ? left : CAIRN_CUDA_TILE_ELEMENTS;
    const int64_t from_bytes = TypeBytes(segment.from);
    const int64_t to_bytes = TypeBytes(segment.to);
    const int64_t units =
        segment.from == segment.to ? count * from_bytes : count;
    Visit(segment.from, segment.to,
          BlockCast{source + segment.source_byte + begin * from_bytes,
                    target + segment.target_byte + begin * to_bytes, units});
  }
}

unsigned Blocks(int64_t wanted) {
  return static_cast<unsigned>(wanted < kMostBlocks ? wanted : kMostBlocks);
}

// Queues the cast of a range.
struct QueueCast {
  cudaStream_t stream;
  const uint8_t* source;
  uint8_t* target;
  int64_t elements;

  template <int kFrom, int kTo>
  int32_t Visit() const {
    constexpr int64_t kBlockElements =
        int64_t{kBlockThreads} * Group<kFrom, kTo>::kElements;
    CAIRN_CUDA_CHECK(
        Launch(CastKernel<kFrom, kTo>,
               Blocks((elements + kBlockElements - 1) / kBlockElements), stream,
               source, target, elements));
    return CAIRN_CUDA_OK;
  }
};

struct LoadCast {
  template <int kFrom, int kTo>
  int32_t Visit() const {
    CAIRN_CUDA_CHECK(Load(CastKernel<kFrom, kTo>));
    return CAIRN_CUDA_OK;
  }
};

int32_t LoadAll() {
  CAIRN_CUDA_CHECK(Load(UnpackKernel));
  for (int32_t from = CAIRN_F64; from <= CAIRN_CUDA_BYTES; ++from) {
    for (int32_t to = CAIRN_F32; to <= CAIRN_CUDA_BYTES; ++to) {
      if (IsCast(from, to)) {
        const int32_t result = Visit(from, to, LoadCast{});
        if (result != CAIRN_CUDA_OK) {
          return result;
        }
      }
    }
  }
  return CAIRN_CUDA_OK;
}

// Returns what call() returns. Makes no device the current one: to go back to
// the one before would make a context there.
template <typename Call>
int32_t OnDevice(int32_t device, Call call) {
  int current = 0;
  int32_t result = cudaGetDevice(&current);
  if (result == cudaSuccess && current != device) {
    return CAIRN_CUDA_BAD_ARGUMENT;
  }
  result = result == cudaSuccess ? call() : result;
  if (result > 0) {
    cudaGetLastError();  // the caller is told, nobody else's check is to find
                         // it
  }
  return result;
}

template <typename T>
T* Address(int64_t number) {
  return reinterpret_cast<T*>(static_cast<uintptr_t>(number));
}

bool Overlap(int64_t a, int64_t a_bytes, int64_t b, int64_t b_bytes) {
  return a < b + b_bytes && b < a + a_bytes;
}

}  // namespace
}  // namespace cairn

int32_t cairn_cuda_abi(void) noexcept { return CAIRN_CUDA_ABI; }

int32_t cairn_cuda_load(int32_t device) noexcept {
  return cairn::OnDevice(device, cairn::LoadAll);
}

int32_t cairn_cuda_cast(int32_t device, int64_t stream, int32_t from,
                        int64_t source, int32_t to, int64_t target,
                        int64_t elements) noexcept {
  using namespace cairn;
  if (!IsCast(from, to) || elements < 0 || elements > INT64_MAX / 16) {
    return CAIRN_CUDA_BAD_ARGUMENT;
  }
  if (elements == 0) {
    return CAIRN_CUDA_OK;
  }
  const int64_t from_bytes = TypeBytes(from);
  const int64_t to_bytes = TypeBytes(to);
  if (source == 0 || target == 0 || source % from_bytes != 0 ||
      target % to_bytes != 0 ||
      Overlap(source, elements * from_bytes, target, elements * to_bytes)) {
    return CAIRN_CUDA_BAD_ARGUMENT;
  }
  const QueueCast queue = {
      Address<CUstream_st>(stream), Address<const uint8_t>(source),
      Address<uint8_t>(target), from == to ? elements * from_bytes : elements};
  return OnDevice(device, [&] { return Visit(from, to, queue); });
}

int32_t cairn_cuda_unpack(int32_t device, int64_t stream, int64_t table,
                          int64_t segments, int64_t tiles, int64_t source,
                          int64_t target) noexcept {
  using namespace cairn;
  if (segments < 0 || tiles < segments) {
    return CAIRN_CUDA_BAD_ARGUMENT;
  }
  if (segments == 0) {
    return CAIRN_CUDA_OK;
  }
  if (table == 0 || table % 8 != 0 || source == 0 || source % 16 != 0 ||
      target == 0 || target % 16 != 0) {
    return CAIRN_CUDA_BAD_ARGUMENT;
  }
  return OnDevice(device, [&]() -> int32_t {
    CAIRN_CUDA_CHECK(
        Launch(UnpackKernel, Blocks(tiles), Address<CUstream_st>(stream),
               Address<const CairnSegment>(table), segments, tiles,
               Address<const uint8_t>(source), Address<uint8_t>(target)));
    return CAIRN_CUDA_OK;
  });
}
