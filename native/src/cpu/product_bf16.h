// Factors of a low-rank product that BF16 holds exactly, in the pairs that one
// instruction multiplies and adds: the same sums in half the time.
#ifndef CAIRN_PRODUCT_BF16_H_
#define CAIRN_PRODUCT_BF16_H_

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

namespace cairn {
namespace {

// Two factors of BF16: that of an even k in the upper half, as the instruction
// adds that half's product first.
typedef uint32_t Pair;

// What is packed at a time, so that it stays in the cache.
constexpr int64_t kMaxPairs = 256;
constexpr int64_t kLeftPairs = 8192;

inline uint32_t BitsOf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return bits;
}

// Not zero if a factor takes the sums elsewhere than in F32: it has more digits
// than BF16; or so large or small an exponent that a sum might overflow or,
// which the instruction takes for zero, be denormal.
inline uint32_t IsUnfit(uint32_t bits) {
  constexpr uint32_t kSmallest = (127U - 56U) << 23;
  constexpr uint32_t kSpan = 112U << 23;
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  const uint32_t beyond = magnitude - kSmallest > kSpan ? 1U : 0U;
  return (bits & 0xFFFFU) | (magnitude == 0 ? 0U : beyond);
}

// Returns false if any factor is unfit.
inline bool PackLeft(const float* left, int64_t rows, int64_t rank,
                     Pair* pairs) {
  uint32_t unfit = 0;
  for (int64_t row = 0; row < rows; ++row) {
    const float* source = left + row * rank;
    for (int64_t k = 0; k + 1 < rank; k += 2) {
      const uint32_t even = BitsOf(source[k]);
      const uint32_t odd = BitsOf(source[k + 1]);
      unfit |= IsUnfit(even) | IsUnfit(odd);
      *pairs++ = even | odd >> 16;
    }
    if (rank % 2 != 0) {
      unfit |= IsUnfit(BitsOf(source[rank - 1]));
      *pairs++ = BitsOf(source[rank - 1]);
    }
  }
  return unfit == 0;
}

// Returns false if any factor is unfit.
inline bool PackPanel(const float* panel, int64_t rank, Pair* pairs) {
  uint32_t unfit = 0;
  for (int64_t k = 0; k < rank; k += 2) {
    const float* source = panel + k * CAIRN_PANEL_COLUMNS;
    const bool is_last = k + 1 == rank;
    for (int c = 0; c < CAIRN_PANEL_COLUMNS; ++c) {
      const uint32_t even = BitsOf(source[c]);
      const uint32_t odd =
          is_last ? 0U : BitsOf(source[CAIRN_PANEL_COLUMNS + c]);
      unfit |= IsUnfit(even) | IsUnfit(odd);
      *pairs++ = even | odd >> 16;
    }
  }
  return unfit == 0;
}

// Adds to each lane of the sums its column's pair times the same two factors.
template <typename Vector>
__attribute__((target("avx512bf16"))) inline void MultiplyAdd(
    Vector& sums, Pair factors, const Pair* columns) {
  sums = (Vector)_mm512_dpbf16_ps(
      (__m512)sums, (__m512bh)_mm512_set1_epi32(static_cast<int>(factors)),
      (__m512bh)_mm512_loadu_si512(columns));
}

}  // namespace
}  // namespace cairn

#endif  // CAIRN_PRODUCT_BF16_H_
