// Reads what is in files and writes a part of it, as a conversion would.
#ifndef CAIRN_BENCHMARKS_CONVERT_H_
#define CAIRN_BENCHMARKS_CONVERT_H_

#include <fcntl.h>

#include <algorithm>
#include <filesystem>

#include "process.h"

// A run of bytes of a file, and where in the output its part goes.
struct Extent {
  std::string file;
  int64_t begin;
  int64_t end;
  int64_t output;
};

// Reads every byte of the files below a folder that is not in a hole, and
// writes one byte of every `divisor`, by several processes into one file.
class Conversion {
 public:
  Conversion(int processes, const std::string& folder, int divisor)
      : divisor_(divisor),
        extents_(Extents(folder, divisor)),
        team_(processes, [=](int i) {
          char* buffer = SharedMemory(kBuffer, 1);
          return [=](const PathOrder& order) {
            int out = open(order.path, O_CREAT | O_WRONLY, 0644);
            if (out < 0) Fail(order.path);
            for (size_t n = i; n < extents_.size(); n += processes) {
              Convert(extents_[n], out, buffer);
            }
            close(out);
          };
        }) {}

  double Run(const std::string& path) const {
    return team_.Run(PathOrder(path));
  }

  int64_t ReadBytes() const {
    int64_t bytes = 0;
    for (const Extent& extent : extents_) bytes += extent.end - extent.begin;
    return bytes;
  }

 private:
  // Stays in a core's cache between the read and the write.
  static constexpr int64_t kBuffer = 512 << 10;
  static constexpr int64_t kExtent = 32 << 20;

  static std::vector<Extent> Extents(const std::string& folder, int divisor) {
    std::vector<std::string> files;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    std::vector<Extent> extents;
    int64_t output = 0;
    for (const auto& file : files) {
      output = AddExtents(file, divisor, output, &extents);
    }
    return extents;
  }

  // Returns where the output of the next file begins.
  static int64_t AddExtents(const std::string& file, int divisor,
                            int64_t output, std::vector<Extent>* extents) {
    int fd = open(file.c_str(), O_RDONLY);
    if (fd < 0) Fail(file);
    int64_t end = lseek(fd, 0, SEEK_END);
    for (int64_t at = 0; at < end;) {
      int64_t data = lseek(fd, at, SEEK_DATA);
      if (data < 0) break;  // nothing but a hole
      int64_t hole = lseek(fd, data, SEEK_HOLE);
      for (at = data; at < hole; at += kExtent) {
        int64_t stop = std::min(hole, at + kExtent);
        extents->push_back({file, at, stop, output});
        output += (stop - at) / divisor;
      }
      at = hole;
    }
    close(fd);
    return output;
  }

  void Convert(const Extent& extent, int out, char* buffer) const {
    int in = open(extent.file.c_str(), O_RDONLY);
    if (in < 0) Fail(extent.file);
    int64_t to = extent.output;
    for (int64_t at = extent.begin; at < extent.end;) {
      int64_t got = pread(in, buffer, std::min(kBuffer, extent.end - at), at);
      if (got <= 0) Fail(extent.file);
      at += got;
      for (int64_t done = 0; done < got / divisor_;) {
        int64_t wrote = pwrite(out, buffer + done, got / divisor_ - done, to);
        if (wrote < 0) Fail("pwrite");
        done += wrote;
        to += wrote;
      }
    }
    close(in);
  }

  int divisor_;
  std::vector<Extent> extents_;
  Team<PathOrder> team_;
};

#endif  // CAIRN_BENCHMARKS_CONVERT_H_
