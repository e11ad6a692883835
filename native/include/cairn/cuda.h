/* The C ABI of Cairn's kernels for GPUs.

   Common to every function: plain C types, no C++ exception leaves, nothing is
   allocated, kept or logged, and nothing but cairn_cuda_load waits: work is
   queued on the caller's stream, and what it did can be relied on after that
   stream, or an event recorded on it, has been waited for. Any thread may call
   at any time; device must be the thread's current one. What fails leaves
   nothing for cudaGetLastError. */
#ifndef CAIRN_CUDA_H_
#define CAIRN_CUDA_H_

#include <stdint.h>

#ifndef CAIRN_NOEXCEPT
#ifdef __cplusplus
#define CAIRN_NOEXCEPT noexcept
#else
#define CAIRN_NOEXCEPT
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever a signature or a meaning below changes. */
#define CAIRN_CUDA_ABI 2
int32_t cairn_cuda_abi(void) CAIRN_NOEXCEPT;

/* Results: 0; a cudaError_t, which is positive; or one of these. Unless 0,
   nothing was queued. */
#define CAIRN_CUDA_OK 0
#define CAIRN_CUDA_BAD_ARGUMENT (-1)

/* Loads every kernel on a device, unless it is loaded. CUDA loads a kernel when
   it is first launched, which may wait until the device is idle: for ever, if
   that is in a collective whose other ranks wait for this one. So this is to be
   called before any collective is queued. It waits for what is queued. */
int32_t cairn_cuda_load(int32_t device) CAIRN_NOEXCEPT;

/* Element types: CAIRN_F64, CAIRN_F32, CAIRN_BF16 and CAIRN_F16 of cpu.h, by
   the same numbers, and plain bytes, which are only copied. */
#define CAIRN_CUDA_BYTES 4

/* target[i] = cast(source[i]), bit for bit as cairn_cast of cpu.h; from equal
   to to copies.

   device: the one that stream belongs to. source, target: memory that the
   device can access, aligned to one element, not overlapping; 0 only if
   elements is 0. stream: a cudaStream_t; 0 is the default stream. */
int32_t cairn_cuda_cast(int32_t device, int64_t stream, int32_t from,
                        int64_t source, int32_t to, int64_t target,
                        int64_t elements) CAIRN_NOEXCEPT;

/* One row of the table of an unpack: where elements come from and go to. */
struct CairnSegment {
  int64_t source_byte; /* offset into the source, a multiple of one element */
  int64_t target_byte; /* offset into the target, likewise */
  int64_t elements;    /* 1 or more */
  int64_t first_tile;  /* the tiles of all rows before this one */
  int32_t from;        /* element types, as in cairn_cuda_cast */
  int32_t to;
};

/* A row of n elements has ceil(n / CAIRN_CUDA_TILE_ELEMENTS) tiles. */
#define CAIRN_CUDA_TILE_ELEMENTS 16384

/* Casts every row of a table, in one launch. This puts what an all-gather left,
   rank by rank, into the order of a file, without its padding.

   table: segments rows, in device memory, 8-byte aligned; not looked at here,
   so what it must obey is the caller's to see to: offsets lie in the source and
   the target, targets of rows do not overlap. tiles: of all rows. source,
   target: 16-byte aligned. The rest as cairn_cuda_cast. */
int32_t cairn_cuda_unpack(int32_t device, int64_t stream, int64_t table,
                          int64_t segments, int64_t tiles, int64_t source,
                          int64_t target) CAIRN_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif /* CAIRN_CUDA_H_ */
