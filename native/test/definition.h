// What the kernels must give, written plainly and unlike them.
#ifndef CAIRN_DEFINITION_H_
#define CAIRN_DEFINITION_H_

#include <math.h>
#include <stdint.h>
#include <string.h>

namespace definition {

inline uint32_t BitsOf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return bits;
}

inline bool IsNan(uint32_t f32) { return (f32 & 0x7FFFFFFFU) > 0x7F800000U; }

// A BF16 is the upper half of an F32: up or down by what the lower half says.
inline uint16_t Bf16(uint32_t f32) {
  const uint16_t below = static_cast<uint16_t>(f32 >> 16);
  const uint16_t above = static_cast<uint16_t>(below + 1);
  const uint32_t rest = f32 & 0xFFFFU;
  const uint16_t even = (below & 1) == 0 ? below : above;
  const uint16_t nearest = rest < 0x8000U   ? below
                           : rest > 0x8000U ? above
                                            : even;
  return IsNan(f32) ? uint16_t{0x7FC0} : nearest;
}

// The number that a positive F16 means; one past the largest, 65536.
inline double ValueOfF16(uint32_t magnitude) {
  const int exponent = static_cast<int>(magnitude >> 10);
  const int mantissa = static_cast<int>(magnitude & 0x3FFU);
  return exponent == 0 ? ldexp(mantissa, -24)
                       : ldexp(1024 + mantissa, exponent - 25);
}

// Returns the least F32, by its bits, that rounds to this positive F16 or to a
// larger one: halfway from the one below if halfway goes to the even one here.
inline uint32_t LeastF32For(uint32_t magnitude) {
  if (magnitude == 0) {
    return 0;
  }
  const double halfway =
      (ValueOfF16(magnitude - 1) + ValueOfF16(magnitude)) / 2;
  const uint32_t bits = BitsOf(static_cast<float>(halfway));
  return magnitude % 2 == 0 ? bits : bits + 1;
}

inline uint16_t F16OfNan(uint32_t f32) {
  return static_cast<uint16_t>(((f32 >> 16) & 0x8000U) | 0x7E00U |
                               ((f32 >> 13) & 0x3FFU));
}

inline uint32_t F32OfF16(uint16_t f16) {
  const uint32_t sign = (f16 & 0x8000U) << 16;
  const uint32_t magnitude = f16 & 0x7FFFU;
  if (magnitude > 0x7C00U) {
    return sign | 0x7FC00000U | ((magnitude & 0x3FFU) << 13);
  }
  if (magnitude == 0x7C00U) {
    return sign | 0x7F800000U;
  }
  return sign | BitsOf(static_cast<float>(ValueOfF16(magnitude)));
}

// Bit by bit, as RFC 3720 says.
inline uint32_t Crc32c(uint32_t crc, const uint8_t* bytes, int64_t count) {
  uint32_t state = ~crc;
  for (int64_t i = 0; i < count; ++i) {
    state ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) {
      state = (state >> 1) ^ ((state & 1U) != 0 ? 0x82F63B78U : 0U);
    }
  }
  return ~state;
}

}  // namespace definition

#endif  // CAIRN_DEFINITION_H_
