// CRC32C with the SSE4.2 instruction, three independent streams at once: one
// instruction takes three cycles but a new one may start every cycle.

#include <immintrin.h>
#include <string.h>

#include "crc32c.h"
#include "table.h"

namespace cairn {
namespace {

inline uint64_t LoadWord(const uint8_t* source) {
  uint64_t word;
  memcpy(&word, source, sizeof(word));
  return word;
}

// Returns the register after as many zero bytes as shift stands for:
// shift = x^(8 * bytes - 33). The product of two reflected 32-bit polynomials
// comes out one bit low (x^1), and the instruction that reduces it multiplies
// by x^32.
inline uint32_t SkipZeros(uint32_t state, uint32_t shift) {
  const __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi32_si128(static_cast<int>(state)),
                           _mm_cvtsi32_si128(static_cast<int>(shift)), 0);
  return static_cast<uint32_t>(
      _mm_crc32_u64(0, static_cast<uint64_t>(_mm_cvtsi128_si64(product))));
}

// Takes whole groups of three stripes off the front of source.
template <int64_t kStripe>
inline void TakeStripes(uint32_t* state, const uint8_t** source,
                        int64_t* bytes) {
  constexpr uint32_t kOne = PowerOfX(8 * kStripe - 33);
  constexpr uint32_t kTwo = PowerOfX(16 * kStripe - 33);
  while (*bytes >= 3 * kStripe) {
    const uint8_t* stripe = *source;
    uint64_t a = *state;
    uint64_t b = 0;
    uint64_t c = 0;
    for (int64_t i = 0; i < kStripe; i += 8) {
      a = _mm_crc32_u64(a, LoadWord(stripe + i));
      b = _mm_crc32_u64(b, LoadWord(stripe + kStripe + i));
      c = _mm_crc32_u64(c, LoadWord(stripe + 2 * kStripe + i));
    }
    *state = SkipZeros(static_cast<uint32_t>(a), kTwo) ^
             SkipZeros(static_cast<uint32_t>(b), kOne) ^
             static_cast<uint32_t>(c);
    *source += 3 * kStripe;
    *bytes -= 3 * kStripe;
  }
}

}  // namespace

uint32_t ChecksumSse42(uint32_t state, const uint8_t* source, int64_t bytes) {
  TakeStripes<2048>(&state, &source, &bytes);
  TakeStripes<128>(&state, &source, &bytes);
  uint64_t wide = state;
  for (; bytes >= 8; bytes -= 8, source += 8) {
    wide = _mm_crc32_u64(wide, LoadWord(source));
  }
  state = static_cast<uint32_t>(wide);
  for (; bytes > 0; --bytes, ++source) {
    state = _mm_crc32_u8(state, *source);
  }
  return state;
}

}  // namespace cairn
