// Loaded into a JVM ahead of the C library. With CAIRN_TEST_SHORT_WRITES every
// positioned write is short, and every seventh is interrupted. Otherwise the
// file that CAIRN_TEST_FAULT names, which a test has mapped too, says which
// call on a path below CAIRN_TEST_ROOT is to fail, and is told which one did;
// or that no thread can be started any more after the next few.

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace {

enum Call : int32_t {
  kWrite = 1,
  kForce = 2,
  kReserve = 3,
  kRename = 4,
  kThread = 5
};

struct Fault {
  int32_t call;
  std::atomic<int32_t> calls_left;
  int32_t error;
  std::atomic<int32_t> failed;
  int64_t file_offset;
  char path[1000];
};

Fault* MapFault() {
  const char* name = getenv("CAIRN_TEST_FAULT");
  const int file = name == nullptr ? -1 : open(name, O_RDWR | O_CLOEXEC);
  if (file < 0) {
    return nullptr;
  }
  void* memory =
      mmap(nullptr, sizeof(Fault), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<Fault*>(memory);
}

Fault* TheFault() {
  static Fault* const fault = MapFault();
  return fault;
}

bool Fails(Call call, const char* path, int64_t file_offset) {
  Fault* const fault = TheFault();
  static const char* const root = getenv("CAIRN_TEST_ROOT");
  if (fault == nullptr || root == nullptr || fault->call != call ||
      strncmp(path, root, strlen(root)) != 0 || fault->calls_left-- != 0) {
    return false;
  }
  fault->file_offset = file_offset;
  strncpy(fault->path, path, sizeof(fault->path) - 1);
  fault->failed = 1;
  errno = fault->error;
  return true;
}

bool Fails(Call call, int file, int64_t file_offset) {
  char link[64];
  char path[1000] = {};
  snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
  return readlink(link, path, sizeof(path) - 1) > 0 &&
         Fails(call, path, file_offset);
}

template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" ssize_t pwrite64(int file, const void* bytes, size_t length,
                            off64_t offset) {
  static const auto write =
      Next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  static const bool is_short = getenv("CAIRN_TEST_SHORT_WRITES") != nullptr;
  if (is_short) {
    static std::atomic<int> calls;
    if (++calls % 7 == 0) {
      errno = EINTR;
      return -1;
    }
    constexpr size_t kMost = 61;
    return write(file, bytes, length < kMost ? length : kMost, offset);
  }
  return Fails(kWrite, file, offset) ? -1 : write(file, bytes, length, offset);
}

extern "C" int fsync(int file) {
  static const auto force = Next<int (*)(int)>("fsync");
  return Fails(kForce, file, 0) ? -1 : force(file);
}

extern "C" int pthread_create(pthread_t* thread,
                              const pthread_attr_t* attributes,
                              void* (*work)(void*), void* argument) noexcept {
  static const auto create =
      Next<int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>(
          "pthread_create");
  Fault* const fault = TheFault();
  if (fault != nullptr && fault->call == kThread && fault->calls_left-- <= 0) {
    fault->failed = 1;
    return EAGAIN;
  }
  return create(thread, attributes, work, argument);
}

extern "C" int fallocate(int file, int mode, off_t offset, off_t length) {
  static const auto reserve =
      Next<int (*)(int, int, off_t, off_t)>("fallocate");
  return Fails(kReserve, file, offset) ? -1
                                       : reserve(file, mode, offset, length);
}

extern "C" long syscall(long number, ...) noexcept {
  static const auto call =
      Next<long (*)(long, long, long, long, long, long, long)>("syscall");
  long words[6];
  va_list list;
  va_start(list, number);
  for (long& word : words) {
    word = va_arg(list, long);
  }
  va_end(list);
  if (number == SYS_renameat2 &&
      Fails(kRename, reinterpret_cast<const char*>(words[1]), 0)) {
    return -1;
  }
  return call(number, words[0], words[1], words[2], words[3], words[4],
              words[5]);
}
