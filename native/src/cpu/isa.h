// What the processor and the operating system of this machine run.
#ifndef CAIRN_ISA_H_
#define CAIRN_ISA_H_

#include <stdint.h>

namespace cairn {

struct Machine {
  int32_t isa;      // CAIRN_ISA_*
  bool vpclmul;     // VPCLMULQDQ on 512-bit registers
  bool bf16_pairs;  // AVX512_BF16
};

Machine DetectMachine();

}  // namespace cairn

#endif  // CAIRN_ISA_H_
