// CRC32C by folding 256 bytes a step with 512-bit carry-less multiplication.
//
// A 128-bit lane stands for a polynomial, its first byte the highest powers. To
// move a lane n bits further from the end its two halves are multiplied by
// x^(n+31) and x^(n-33) mod P: the powers are 33 short because the product of
// reflected polynomials comes out that much high (32 bits of unused room in the
// constant, 1 of reflection), and the first half stands 64 bits higher.
// See Intel, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ".

#include <immintrin.h>

#include "crc32c.h"
#include "table.h"

namespace cairn {
namespace {

constexpr long long First(uint64_t bits) { return PowerOfX(bits + 31); }
constexpr long long Second(uint64_t bits) { return PowerOfX(bits - 33); }

// Returns lanes moved by the distance that factors stand for, plus next.
inline __m512i Fold(__m512i lanes, __m512i factors, __m512i next) {
  constexpr int kXorOfThree = 0x96;
  return _mm512_ternarylogic_epi64(
      _mm512_clmulepi64_epi128(lanes, factors, 0x00),
      _mm512_clmulepi64_epi128(lanes, factors, 0x11), next, kXorOfThree);
}

inline __m512i Factors(long long first, long long second) {
  return _mm512_set_epi64(second, first, second, first, second, first, second,
                          first);
}

// Returns the register after the 64 bytes that lanes stand for.
inline uint32_t Reduce(__m512i lanes) {
  alignas(64) uint64_t words[8];
  _mm512_store_si512(words, lanes);
  uint64_t state = 0;
  for (uint64_t word : words) {
    state = _mm_crc32_u64(state, word);
  }
  return static_cast<uint32_t>(state);
}

}  // namespace

uint32_t ChecksumVpclmul(uint32_t state, const uint8_t* source, int64_t bytes) {
  constexpr int64_t kStep = 256;
  if (bytes < kStep) {
    return ChecksumSse42(state, source, bytes);
  }
  const __m512i seed =
      _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(state)));
  __m512i a = _mm512_xor_si512(_mm512_loadu_si512(source), seed);
  __m512i b = _mm512_loadu_si512(source + 64);
  __m512i c = _mm512_loadu_si512(source + 128);
  __m512i d = _mm512_loadu_si512(source + 192);
  const __m512i by_step = Factors(First(8 * kStep), Second(8 * kStep));
  for (source += kStep, bytes -= kStep; bytes >= kStep;
       source += kStep, bytes -= kStep) {
    a = Fold(a, by_step, _mm512_loadu_si512(source));
    b = Fold(b, by_step, _mm512_loadu_si512(source + 64));
    c = Fold(c, by_step, _mm512_loadu_si512(source + 128));
    d = Fold(d, by_step, _mm512_loadu_si512(source + 192));
  }
  const __m512i by_vector = Factors(First(512), Second(512));
  b = Fold(a, by_vector, b);
  c = Fold(b, by_vector, c);
  d = Fold(c, by_vector, d);
  return ChecksumSse42(Reduce(d), source, bytes);
}

}  // namespace cairn
