// Every 64-bit ARM processor has vectors, which the compiler uses; most have
// instructions for CRC32C.

#include <asm/hwcap.h>
#include <sys/auxv.h>

#include "cairn/cpu.h"
#include "isa.h"

namespace cairn {
namespace {

const bool kHasCrc = (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;

}  // namespace

int32_t SupportedIsa() { return CAIRN_ISA_BASELINE; }

Kernels KernelsOf(int32_t) {
  return {&kCastsBaseline, kHasCrc ? ChecksumArm : ChecksumTable,
          ProductBaseline, false};
}

}  // namespace cairn
