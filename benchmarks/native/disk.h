// Plain writes and reads by several processes.
#ifndef CAIRN_BENCHMARKS_DISK_H_
#define CAIRN_BENCHMARKS_DISK_H_

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "process.h"

constexpr int64_t kPiece = 8 << 20;

// How bytes get to the disk.
struct Way {
  bool direct;    // O_DIRECT
  bool forced;    // on the disk in the end
  int64_t piece;  // bytes of one call
  int depth;      // calls at a time in each process
};

inline std::string Describe(const Way& way) {
  return (way.direct ? "O_DIRECT, " : "buffered, ") +
         std::to_string(way.piece >> 20) + " MiB, depth " +
         std::to_string(way.depth);
}

// Bytes in equal files, written by processes with equal shares, each out of
// memory of its own: as much as its share, but no more than what no cache
// holds.
class Writers {
 public:
  Writers(int processes, int files, int64_t bytes)
      : processes_(processes),
        files_(files),
        bytes_(bytes),
        file_bytes_(RoundUp((bytes + files - 1) / files, kPage)),
        share_(RoundUp((bytes + processes - 1) / processes, kPage)),
        window_(std::min(share_, kWindow)),
        memory_(SharedMemory(processes * (window_ + kLongest), 7)),
        team_(processes, [this](int i) {
          char* memory = memory_ + i * (window_ + kLongest);
          Touch(memory, window_ + kLongest);
          return [=](const Order& order) {
            WriteShare(i, order.path.path, order.way, memory);
          };
        }) {}

  // Makes the files path.0, path.1 …, from nothing to written.
  double Write(const std::string& path, const Way& way) const {
    return team_.Run({PathOrder(path), way});
  }

  void Remove(const std::string& path) const {
    for (int file = 0; file < files_; file++) {
      unlink((path + "." + std::to_string(file)).c_str());
    }
  }

 private:
  struct Order {
    PathOrder path;
    Way way;
  };

  void WriteShare(int process, const std::string& path, const Way& way,
                  const char* memory) const {
    int64_t begin = std::min(bytes_, process * share_);
    int64_t end = std::min(bytes_, begin + share_);
    for (int n = 0; n < files_; n++) {
      // Each process begins with another file.
      int file = (process * files_ / processes_ + n) % files_;
      int64_t low = std::max(begin, file * file_bytes_);
      int64_t high = std::min(end, (file + 1) * file_bytes_);
      if (low < high) {
        WriteRange(path + "." + std::to_string(file), low, high, file, way,
                   memory);
      }
    }
  }

  void WriteRange(const std::string& name, int64_t low, int64_t high, int file,
                  const Way& way, const char* memory) const {
    int fd = open(name.c_str(),
                  O_CREAT | O_WRONLY | (way.direct ? O_DIRECT : 0), 0644);
    if (fd < 0) Fail(name);
    int64_t file_begin = file * file_bytes_;
    if (way.forced) {
      int64_t length = std::min(bytes_, file_begin + file_bytes_) - file_begin;
      if (posix_fallocate(fd, 0, length)) Fail("fallocate");
    }
    std::atomic<int64_t> next{low};
    auto work = [&] {
      for (;;) {
        int64_t at = next.fetch_add(way.piece);
        if (at >= high) return;
        int64_t length = std::min(high - at, way.piece);
        WriteFully(fd, memory + (at - low) % window_, length, at - file_begin,
                   way.direct);
      }
    };
    std::vector<std::thread> threads;
    for (int i = 1; i < way.depth; i++) threads.emplace_back(work);
    work();
    for (auto& thread : threads) thread.join();
    if (way.forced && fdatasync(fd)) Fail("fdatasync");
    close(fd);
  }

  static void WriteFully(int fd, const char* from, int64_t length, int64_t to,
                         bool direct) {
    // What O_DIRECT cannot write is the end of a file: a page is written.
    if (direct) length = RoundUp(length, kPage);
    for (int64_t done = 0; done < length;) {
      int64_t wrote = pwrite(fd, from + done, length - done, to + done);
      if (wrote < 0) Fail("pwrite");
      done += wrote;
    }
  }

  static constexpr int64_t kWindow = 256 << 20;
  static constexpr int64_t kLongest = 16 << 20;

  int processes_;
  int files_;
  int64_t bytes_;
  int64_t file_bytes_;
  int64_t share_;
  int64_t window_;
  char* memory_;
  Team<Order> team_;
};

// Tries ways of getting the bytes onto the disk and returns the best: all of
// them once, then the three fastest twice more.
inline Way BestDurable(const Writers& writers, const std::string& path) {
  struct Trial {
    Way way;
    std::vector<double> seconds;
    double Median() {
      std::sort(seconds.begin(), seconds.end());
      return seconds[seconds.size() / 2];
    }
  };
  std::vector<Trial> trials;
  for (int64_t piece : {1 << 20, 4 << 20, 16 << 20}) {
    for (int depth : {1, 2, 4}) {
      trials.push_back({{true, true, piece, depth}, {}});
    }
  }
  trials.push_back({{false, true, kPiece, 1}, {}});
  auto run = [&](Trial& trial) {
    trial.seconds.push_back(writers.Write(path, trial.way));
    writers.Remove(path);
  };
  for (Trial& trial : trials) run(trial);
  auto faster = [](Trial& a, Trial& b) { return a.Median() < b.Median(); };
  std::sort(trials.begin(), trials.end(), faster);
  trials.resize(3);
  for (int i = 0; i < 2; i++) {
    for (Trial& trial : trials) run(trial);
  }
  return std::min_element(trials.begin(), trials.end(), faster)->way;
}

// Every process reads its share of a file into warm memory.
class Readers {
 public:
  Readers(int processes, const std::string& file)
      : bytes_(Bytes(file)),
        memory_(SharedMemory(bytes_, 1)),
        team_(processes,
              [=](int i) {
                int64_t begin = bytes_ / processes * i;
                int64_t end =
                    i + 1 == processes ? bytes_ : begin + bytes_ / processes;
                Touch(memory_ + begin, end - begin);
                return [=](const PathOrder& order) {
                  ReadRange(order.path, begin, end);
                };
              }),
        file_(file) {}

  double Read() const { return team_.Run(PathOrder(file_)); }

 private:
  static int64_t Bytes(const std::string& file) {
    struct stat info;
    if (stat(file.c_str(), &info)) Fail(file);
    return info.st_size;
  }

  void ReadRange(const char* file, int64_t begin, int64_t end) const {
    int fd = open(file, O_RDONLY);
    if (fd < 0) Fail(file);
    for (int64_t at = begin; at < end;) {
      int64_t got = pread(fd, memory_ + at, std::min(kPiece, end - at), at);
      if (got <= 0) Fail(file);
      at += got;
    }
    close(fd);
  }

  int64_t bytes_;
  char* memory_;
  Team<PathOrder> team_;
  std::string file_;
};

#endif  // CAIRN_BENCHMARKS_DISK_H_
