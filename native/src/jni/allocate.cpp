// What the code that JavaCPP generates wants of the C++ library, and all of it:
// the library's own versions bring its exceptions along, and with these symbols
// of a C library newer than the oldest one we run on.

#include <stdlib.h>

#include <new>

namespace std {
const nothrow_t nothrow{};
}

void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
  return malloc(bytes == 0 ? 1 : bytes);
}

void operator delete[](void* memory) noexcept { free(memory); }

void operator delete[](void* memory, size_t) noexcept { free(memory); }
