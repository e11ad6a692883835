// What the processor and the operating system of this machine run, and with
// which kernels; for each kind of processor in a file of its own.
#ifndef CAIRN_ISA_H_
#define CAIRN_ISA_H_

#include <stdint.h>

#include "table.h"

namespace cairn {

struct Kernels {
  const Casts* casts;
  Checksum checksum;
  Product product;
  bool has_pairs;  // for product
};

// Returns the last CAIRN_ISA_* that runs here. Not to be called while the
// constants of a library are made: it reads one of another file.
int32_t SupportedIsa();

// isa: one that runs here.
Kernels KernelsOf(int32_t isa);

}  // namespace cairn

#endif  // CAIRN_ISA_H_
