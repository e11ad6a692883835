// The file functions, in the folder that the first argument names.

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "cairn/cpu.h"
#include "check.h"

namespace {

void Write(const std::string& path, const std::string& text) {
  FILE* file = fopen(path.c_str(), "w");
  CheckEqual(text.size(), fwrite(text.data(), 1, text.size(), file), path);
  fclose(file);
}

int64_t SizeOf(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 ? status.st_size : -1;
}

void TestReserve(const std::string& file) {
  Write(file, "abc");
  const int32_t error = cairn_file_reserve(file.c_str(), 100'000);
  if (error != EOPNOTSUPP) {
    CheckEqual(0, error, "reserve");
    CheckEqual(100'000, SizeOf(file), "reserved length");
    CheckEqual(0, cairn_file_reserve(file.c_str(), 10), "reserve less");
    CheckEqual(100'000, SizeOf(file), "never shorter");
  }
  CheckEqual(ENOENT, cairn_file_reserve((file + "-not").c_str(), 1), "missing");
  CheckEqual(EINVAL, cairn_file_reserve(file.c_str(), 0), "no length");
}

void TestRename(const std::string& a, const std::string& b) {
  Write(a, "a");
  Write(b, "bb");
  const auto rename = [&](int32_t mode) {
    return cairn_file_rename(a.c_str(), b.c_str(), mode);
  };
  CheckEqual(EINVAL, rename(0), "no mode");
  CheckEqual(EINVAL, rename(3), "two modes");
  const int32_t error = rename(CAIRN_RENAME_EXCHANGE);
  if (error != EINVAL && error != ENOSYS) {
    CheckEqual(0, error, "exchange");
    CheckEqual(2, SizeOf(a), "exchanged");
    CheckEqual(1, SizeOf(b), "exchanged");
    CheckEqual(EEXIST, rename(CAIRN_RENAME_NO_REPLACE), "no replace");
    unlink(b.c_str());
    CheckEqual(ENOENT, rename(CAIRN_RENAME_EXCHANGE), "nothing to exchange");
    CheckEqual(0, rename(CAIRN_RENAME_NO_REPLACE), "free name");
    CheckEqual(2, SizeOf(b), "renamed");
  }
}

void TestStartWriteBack(const std::string& file) {
  Write(file, "abc");
  const int32_t error = cairn_file_start_write_back(file.c_str(), 0, 0);
  if (error != ENOSYS) {
    CheckEqual(0, error, "to the end");
    CheckEqual(EINVAL, cairn_file_start_write_back(file.c_str(), -1, 1),
               "negative");
  }
  CheckEqual(ENOENT, cairn_file_start_write_back("/no/such", 0, 0), "missing");
}

void TestWriteBack(const std::string& file) {
  Write(file, "abc");
  const int32_t error = cairn_file_write_back(file.c_str(), 0, 1 << 20);
  if (error != ENOSYS) {
    CheckEqual(0, error, "written back, beyond the end too");
    CheckEqual(3, SizeOf(file), "as long as before");
    CheckEqual(EINVAL, cairn_file_write_back(file.c_str(), -1, 1), "negative");
  }
  CheckEqual(ENOENT, cairn_file_write_back("/no/such", 0, 1), "missing");
}

void TestErrorText() {
  char text[64];
  cairn_error_text(ENOSPC, text, sizeof(text));
  CheckEqual(0, strcmp("No space left on device", text), text);
  cairn_error_text(ENOSPC, text, 3);
  CheckEqual(0, strcmp("No", text), text);
  cairn_error_text(ENOSPC, text, 1);
  CheckEqual(0, strcmp("", text), text);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: test_file FOLDER\n");
    return 2;
  }
  const std::string folder = arguments[1];
  TestReserve(folder + "/reserve");
  TestRename(folder + "/rename-a", folder + "/rename-b");
  TestStartWriteBack(folder + "/start-write-back");
  TestWriteBack(folder + "/write-back");
  TestErrorText();
  return 0;
}
