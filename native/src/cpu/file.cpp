// The file functions that the JDK lacks.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cairn/cpu.h"

namespace {

// An open file, closed when it leaves; descriptor() is -1 if it cannot be
// opened, and errno says why.
class OpenFile {
 public:
  OpenFile(const char* path, int flags) : descriptor_(Open(path, flags)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) {
      close(descriptor_);
    }
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  static int Open(const char* path, int flags) {
    int descriptor;
    do {
      descriptor = open(path, flags | O_CLOEXEC);
    } while (descriptor < 0 && errno == EINTR);
    return descriptor;
  }

  const int descriptor_;
};

// Returns 0 or an errno; asks again if a signal interrupts.
int32_t SyncRange(const OpenFile& file, int64_t offset, int64_t length_bytes,
                  unsigned int flags) {
  int result;
  do {
    result = sync_file_range(file.descriptor(), offset, length_bytes, flags);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

}  // namespace

int32_t cairn_file_reserve(const char* path, int64_t length_bytes) noexcept {
  const OpenFile file(path, O_WRONLY);
  if (file.descriptor() < 0) {
    return errno;
  }
  int result;
  do {
    result = fallocate(file.descriptor(), 0, 0, length_bytes);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

int32_t cairn_file_rename(const char* from, const char* to,
                          int32_t mode) noexcept {
  if (mode != CAIRN_RENAME_NO_REPLACE && mode != CAIRN_RENAME_EXCHANGE) {
    return EINVAL;
  }
  // By number: the C library's renameat2 is newer than the oldest one we run
  // on.
  const long result =
      syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, mode);
  return result == 0 ? 0 : errno;
}

int32_t cairn_file_start_write_back(const char* path, int64_t file_offset,
                                    int64_t length_bytes) noexcept {
  const OpenFile file(path, O_RDONLY);
  if (file.descriptor() < 0) {
    return errno;
  }
  return SyncRange(file, file_offset, length_bytes, SYNC_FILE_RANGE_WRITE);
}

int32_t cairn_file_write_back(const char* path, int64_t file_offset,
                              int64_t length_bytes) noexcept {
  const OpenFile file(path, O_WRONLY);
  if (file.descriptor() < 0) {
    return errno;
  }
  const int32_t error =
      SyncRange(file, file_offset, length_bytes, SYNC_FILE_RANGE_WRITE);
  if (error != 0) {
    return error;
  }
  // The disk is to have the next range to do while this one is waited for.
  SyncRange(file, file_offset + length_bytes, length_bytes,
            SYNC_FILE_RANGE_WRITE);
  return SyncRange(file, file_offset, length_bytes,
                   SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                       SYNC_FILE_RANGE_WAIT_AFTER);
}

void cairn_error_text(int32_t error, char* text,
                      int64_t capacity_bytes) noexcept {
  // The GNU strerror_r (g++ defines _GNU_SOURCE) may return a constant instead
  // of filling the buffer.
  char buffer[256];
  const char* meaning = strerror_r(error, buffer, sizeof(buffer));
  snprintf(text, static_cast<size_t>(capacity_bytes), "%s", meaning);
}
