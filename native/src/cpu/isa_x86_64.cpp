#include <cpuid.h>

#include "cairn/cpu.h"
#include "isa.h"

namespace cairn {
namespace {

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zero where the processor has no such leaf.
Registers Cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

bool Has(unsigned value, unsigned bits) { return (value & bits) == bits; }

// Returns XCR0: which registers the operating system saves. Only with OSXSAVE.
unsigned SavedRegisters() {
  unsigned low;
  unsigned high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

struct Machine {
  int32_t isa;      // CAIRN_ISA_*
  bool vpclmul;     // VPCLMULQDQ on 512-bit registers
  bool bf16_pairs;  // AVX512_BF16
};

Machine DetectMachine() {
  const Registers basic = Cpuid(1, 0);
  const Registers extended = Cpuid(7, 0);
  const Machine baseline{CAIRN_ISA_BASELINE, false, false};
  if (!Has(basic.ecx, bit_OSXSAVE)) {
    return baseline;
  }
  constexpr unsigned kYmm = 0x06;  // XMM, YMM
  constexpr unsigned kZmm = 0xE6;  // and masks, upper halves, ZMM16-31
  const unsigned saved = SavedRegisters();
  if (!Has(saved, kYmm) ||
      !Has(basic.ecx, bit_AVX | bit_F16C | bit_FMA | bit_SSE4_2 | bit_PCLMUL) ||
      !Has(extended.ebx, bit_AVX2)) {
    return baseline;
  }
  if (!Has(saved, kZmm) ||
      !Has(extended.ebx,
           bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL)) {
    return {CAIRN_ISA_AVX2, false, false};
  }
  const bool has_more = extended.eax >= 1;
  return {CAIRN_ISA_AVX512, Has(extended.ecx, bit_VPCLMULQDQ),
          has_more && Has(Cpuid(7, 1).eax, bit_AVX512BF16)};
}

const Machine kMachine = DetectMachine();

}  // namespace

int32_t SupportedIsa() { return kMachine.isa; }

Kernels KernelsOf(int32_t isa) {
  switch (isa) {
    case CAIRN_ISA_AVX512:
      return {&kCastsAvx512, kMachine.vpclmul ? ChecksumVpclmul : ChecksumSse42,
              ProductAvx512, kMachine.bf16_pairs};
    case CAIRN_ISA_AVX2:
      return {&kCastsAvx2, ChecksumSse42, ProductAvx2, false};
    default:
      return {&kCastsBaseline, ChecksumTable, ProductBaseline, false};
  }
}

}  // namespace cairn
