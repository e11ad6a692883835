// Loaded into a JVM ahead of the C library: every positioned write is short,
// and every seventh is interrupted.

#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>

#include <atomic>

extern "C" ssize_t pwrite64(int file, const void* bytes, size_t length,
                            off64_t offset) {
  using Write = ssize_t (*)(int, const void*, size_t, off64_t);
  static const Write write =
      reinterpret_cast<Write>(dlsym(RTLD_NEXT, "pwrite64"));
  static std::atomic<int> calls;
  if (++calls % 7 == 0) {
    errno = EINTR;
    return -1;
  }
  constexpr size_t kMost = 61;
  return write(file, bytes, length < kMost ? length : kMost, offset);
}
