// libcuda.so.1: there, as the bindings want, and called by nobody. What
// libcudart keeps of functions called, this library has of its own.

#include <stdio.h>

#include "emulation.h"

namespace emulation {

int NotEmulated(const char* function) {
  fprintf(stderr, "CUDA emulation: not emulated: %s\n", function);
  return kNotSupported;
}

}  // namespace emulation
