// The casts of one element, on its bits, written once for every compiler: g++
// for each instruction set, nvcc for GPUs.
//
// In the unnamed namespace, like all that is compiled per instruction set.
#ifndef CAIRN_ELEMENT_H_
#define CAIRN_ELEMENT_H_

#include <stdint.h>
#include <string.h>

#ifdef __CUDACC__
#define CAIRN_ELEMENT __host__ __device__ inline
#else
#define CAIRN_ELEMENT inline
#endif

namespace cairn {
namespace {

CAIRN_ELEMENT uint32_t LeadingZeros(uint32_t bits) {
#ifdef __CUDA_ARCH__
  return static_cast<uint32_t>(__clz(static_cast<int>(bits)));
#else
  return static_cast<uint32_t>(__builtin_clz(bits));
#endif
}

// Rounds as the thread does on the host, to nearest even on a GPU.
CAIRN_ELEMENT uint32_t F32FromF64(uint64_t bits) {
#ifdef __CUDA_ARCH__
  if ((bits & 0x7FFFFFFFFFFFFFFFULL) > 0x7FF0000000000000ULL) {
    // A GPU's own conversion drops the payload.
    return (static_cast<uint32_t>(bits >> 32) & 0x80000000U) | 0x7FC00000U |
           (static_cast<uint32_t>(bits >> 29) & 0x7FFFFFU);
  }
  return __float_as_uint(
      __double2float_rn(__longlong_as_double(static_cast<int64_t>(bits))));
#else
  double wide;
  memcpy(&wide, &bits, sizeof(wide));
  const float single = static_cast<float>(wide);
  uint32_t result;
  memcpy(&result, &single, sizeof(result));
  return result;
#endif
}

CAIRN_ELEMENT uint16_t Bf16FromF32(uint32_t bits) {
  const uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const bool nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
  return static_cast<uint16_t>(nan ? 0x7FC0U : rounded);
}

CAIRN_ELEMENT uint32_t F32FromBf16(uint16_t upper) {
  return static_cast<uint32_t>(upper) << 16;
}

CAIRN_ELEMENT uint16_t F16FromF32(uint32_t bits) {
  const uint32_t sign = (bits >> 16) & 0x8000U;
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  uint32_t result;
  if (magnitude > 0x7F800000U) {
    result = 0x7E00U | ((magnitude >> 13) & 0x3FFU);
  } else if (magnitude >= 0x477FF000U) {  // 65520 and up
    result = 0x7C00U;
  } else if (magnitude >= 0x38800000U) {  // 2^-14 and up: a normal F16
    result =
        (magnitude - 0x38000000U + 0xFFFU + ((magnitude >> 13) & 1U)) >> 13;
  } else if (magnitude > 0x33000000U) {  // more than half of the least F16
    const uint32_t mantissa = (magnitude & 0x7FFFFFU) | 0x800000U;
    const uint32_t shift = 126U - (magnitude >> 23);
    const uint32_t half = (1U << (shift - 1U)) - 1U;
    result = (mantissa + half + ((mantissa >> shift) & 1U)) >> shift;
  } else {
    result = 0;
  }
  return static_cast<uint16_t>(sign | result);
}

CAIRN_ELEMENT uint32_t F32FromF16(uint16_t half) {
  const uint32_t sign = (half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 0x1FU;
  const uint32_t mantissa = half & 0x3FFU;
  if (exponent == 0x1FU) {
    const uint32_t quiet = mantissa == 0 ? 0U : 0x400000U;
    return sign | 0x7F800000U | quiet | (mantissa << 13);
  }
  if (exponent != 0) {
    return sign | ((exponent + 112U) << 23) | (mantissa << 13);
  }
  if (mantissa == 0) {
    return sign;
  }
  const uint32_t zeros = LeadingZeros(mantissa) - 21U;
  return sign | ((113U - zeros) << 23) |
         ((mantissa << (13U + zeros)) & 0x7FFFFFU);
}

}  // namespace
}  // namespace cairn

#endif  // CAIRN_ELEMENT_H_
