// The casts, written once; cppbuild.sh compiles this file once per instruction
// set with that set's flags and -DCAIRN_CASTS=kCasts...
//
// Everything but the table stays in the unnamed namespace, and no C++ library
// header is used: an inline function that two of these objects share would be
// merged by the linker, and AVX code would run on a processor without it.

#include <stdint.h>
#include <string.h>

#include "cairn/cpu.h"
#include "element.h"
#include "table.h"

#ifdef __F16C__
#include <immintrin.h>
#endif

namespace cairn {
namespace {

template <typename T>
inline T Load(const uint8_t* source, int64_t index) {
  T value;
  memcpy(&value, source + index * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <typename T>
inline void Store(uint8_t* target, int64_t index, T value) {
  memcpy(target + index * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}

// Each of the loops below casts `elements` elements, of which one side is F32.

void F64ToF32(const uint8_t* __restrict source, uint8_t* __restrict target,
              int64_t elements) {
  for (int64_t i = 0; i < elements; ++i) {
    Store(target, i, F32FromF64(Load<uint64_t>(source, i)));
  }
}

void F32ToBf16(const uint8_t* __restrict source, uint8_t* __restrict target,
               int64_t elements) {
  for (int64_t i = 0; i < elements; ++i) {
    Store(target, i, Bf16FromF32(Load<uint32_t>(source, i)));
  }
}

void Bf16ToF32(const uint8_t* __restrict source, uint8_t* __restrict target,
               int64_t elements) {
  for (int64_t i = 0; i < elements; ++i) {
    Store(target, i, F32FromBf16(Load<uint16_t>(source, i)));
  }
}

void F32ToF16(const uint8_t* __restrict source, uint8_t* __restrict target,
              int64_t elements) {
  int64_t i = 0;
#ifdef __F16C__  // which ignores how this thread rounds and flushes
  for (; i + 8 <= elements; i += 8) {
    __m256 singles;
    memcpy(&singles, source + 4 * i, sizeof(singles));
    const __m128i halves = _mm256_cvtps_ph(singles, _MM_FROUND_TO_NEAREST_INT);
    memcpy(target + 2 * i, &halves, sizeof(halves));
  }
#endif
  for (; i < elements; ++i) {
    Store(target, i, F16FromF32(Load<uint32_t>(source, i)));
  }
}

void F16ToF32(const uint8_t* __restrict source, uint8_t* __restrict target,
              int64_t elements) {
  int64_t i = 0;
#ifdef __F16C__
  for (; i + 8 <= elements; i += 8) {
    __m128i halves;
    memcpy(&halves, source + 2 * i, sizeof(halves));
    const __m256 singles = _mm256_cvtph_ps(halves);
    memcpy(target + 4 * i, &singles, sizeof(singles));
  }
#endif
  for (; i < elements; ++i) {
    Store(target, i, F32FromF16(Load<uint16_t>(source, i)));
  }
}

// Casts through F32, a stack block at a time.
template <int kSourceBytes, Cast kWiden, int kTargetBytes, Cast kNarrow>
void Through(const uint8_t* source, uint8_t* target, int64_t elements) {
  constexpr int64_t kBlock = 1024;
  alignas(64) uint8_t singles[kBlock * 4];
  for (int64_t begin = 0; begin < elements; begin += kBlock) {
    const int64_t left = elements - begin;
    const int64_t count = left < kBlock ? left : kBlock;
    kWiden(source + begin * kSourceBytes, singles, count);
    kNarrow(singles, target + begin * kTargetBytes, count);
  }
}

}  // namespace

const Casts CAIRN_CASTS = {{
    // To:  F64, F32, BF16, F16.
    {nullptr, F64ToF32, Through<8, F64ToF32, 2, F32ToBf16>,
     Through<8, F64ToF32, 2, F32ToF16>},
    {nullptr, nullptr, F32ToBf16, F32ToF16},
    {nullptr, Bf16ToF32, nullptr, Through<2, Bf16ToF32, 2, F32ToF16>},
    {nullptr, F16ToF32, Through<2, F16ToF32, 2, F32ToBf16>, nullptr},
}};

}  // namespace cairn
