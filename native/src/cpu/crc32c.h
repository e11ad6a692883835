// Arithmetic of CRC32C: polynomials over GF(2) modulo P, the bit of x^0 at the
// top ("reflected"), as the checksum's register holds them.
#ifndef CAIRN_CRC32C_H_
#define CAIRN_CRC32C_H_

#include <stdint.h>

namespace cairn {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78U;

// Returns a * b mod P.
constexpr uint32_t Multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 0x80000000U; bit != 0; bit >>= 1) {
    product ^= (a & bit) != 0 ? b : 0U;
    b = (b >> 1) ^ ((b & 1U) != 0 ? kPolynomial : 0U);
  }
  return product;
}

// Returns base^exponent mod P.
constexpr uint32_t Power(uint32_t base, uint64_t exponent) {
  uint32_t result = 0x80000000U;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1U) != 0) {
      result = Multiply(result, base);
    }
    base = Multiply(base, base);
  }
  return result;
}

// Returns x^exponent mod P.
constexpr uint32_t PowerOfX(uint64_t exponent) {
  return Power(0x40000000U, exponent);
}

// Returns x^(8 * length_bytes) mod P.
constexpr uint32_t PowerOfBytes(uint64_t length_bytes) {
  return Power(0x00800000U, length_bytes);
}

}  // namespace
}  // namespace cairn

#endif  // CAIRN_CRC32C_H_
