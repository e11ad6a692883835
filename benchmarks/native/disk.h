// Plain writes and reads by several processes.
#ifndef CAIRN_BENCHMARKS_DISK_H_
#define CAIRN_BENCHMARKS_DISK_H_

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "process.h"

constexpr int64_t kPiece = 8 << 20;

// How bytes get to the disk.
struct Way {
  int files;      // of equal length
  bool direct;    // O_DIRECT
  bool forced;    // on the disk in the end
  bool early;     // the disk is to begin with each piece once it is written
  int64_t piece;  // bytes of one call
  int depth;      // calls at a time in each process
};

inline std::string Describe(const Way& way) {
  return "files: " + std::to_string(way.files) +
         (way.direct ? ", O_DIRECT, " : ", buffered, ") +
         (way.early ? "begun early, " : "") + std::to_string(way.piece >> 20) +
         " MiB, depth " + std::to_string(way.depth);
}

// Bytes in equal files, written by processes with equal shares, each out of
// memory of its own: as much as its share, but no more than what no cache
// holds.
class Writers {
 public:
  Writers(int processes, int64_t bytes)
      : processes_(processes),
        bytes_(bytes),
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

  void Remove(const std::string& path, const Way& way) const {
    for (int file = 0; file < way.files; file++) {
      unlink((path + "." + std::to_string(file)).c_str());
    }
  }

 private:
  struct Order {
    PathOrder path;
    Way way;
  };

  int64_t FileBytes(const Way& way) const {
    return RoundUp((bytes_ + way.files - 1) / way.files, kPage);
  }

  void WriteShare(int process, const std::string& path, const Way& way,
                  const char* memory) const {
    int64_t file_bytes = FileBytes(way);
    int64_t begin = std::min(bytes_, process * share_);
    int64_t end = std::min(bytes_, begin + share_);
    for (int n = 0; n < way.files; n++) {
      // Each process begins with another file.
      int file = (process * way.files / processes_ + n) % way.files;
      int64_t low = std::max(begin, file * file_bytes);
      int64_t high = std::min(end, (file + 1) * file_bytes);
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
    int64_t file_bytes = FileBytes(way);
    int64_t file_begin = file * file_bytes;
    if (way.forced) {
      int64_t length = std::min(bytes_, file_begin + file_bytes) - file_begin;
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
        if (way.early) {
          sync_file_range(fd, at - file_begin, length, SYNC_FILE_RANGE_WRITE);
        }
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
  int64_t bytes_;
  int64_t share_;
  int64_t window_;
  char* memory_;
  Team<Order> team_;
};

// All that may be the fastest way onto a disk.
inline std::vector<Way> DurableWays() {
  std::vector<Way> ways;
  for (int files : {1, 2}) {
    for (int depth : {1, 2, 4}) {
      for (int64_t piece : {1 << 20, 4 << 20, 16 << 20}) {
        ways.push_back({files, true, true, false, piece, depth});
      }
    }
    for (int depth : {1, 2}) {
      for (int64_t piece : {int64_t{1} << 20, kPiece}) {
        ways.push_back({files, false, true, false, piece, depth});
        ways.push_back({files, false, true, true, piece, depth});
      }
    }
  }
  return ways;
}

// Tries ways of getting the bytes onto the disk and returns the best by its
// median: all of them once, the eight fastest twice more, the three fastest of
// those four times more. Each finds pages that were just written and deleted,
// as in the measurements: buffered ways would lose by cold memory alone.
inline Way BestDurable(const Writers& writers, const std::string& path) {
  struct Trial {
    Way way;
    std::vector<double> seconds;
    double Median() const {
      std::vector<double> sorted = seconds;
      std::sort(sorted.begin(), sorted.end());
      return sorted[sorted.size() / 2];
    }
  };
  std::vector<Trial> trials;
  for (const Way& way : DurableWays()) trials.push_back({way, {}});
  const Way warm{1, false, false, false, kPiece, 1};
  const auto run = [&](size_t count, int times) {
    trials.resize(count);
    for (int i = 0; i < times; i++) {
      for (Trial& trial : trials) {
        writers.Write(path, warm);
        writers.Remove(path, warm);
        trial.seconds.push_back(writers.Write(path, trial.way));
        writers.Remove(path, trial.way);
      }
    }
    std::sort(trials.begin(), trials.end(), [](const Trial& a, const Trial& b) {
      return a.Median() < b.Median();
    });
  };
  run(trials.size(), 1);
  run(8, 2);
  run(3, 4);
  return trials[0].way;
}

// Every process reads its pieces of a file into warm memory of its own, as
// private as a trainer's. Pieces are lines of text: which process, the first
// byte in the file, how many bytes, the first byte in the process's memory.
class Readers {
 public:
  Readers(int processes, const std::string& file, const std::string& pieces)
      : pieces_(Pieces(pieces, processes)),
        team_(processes,
              [this](int i) {
                int64_t end = 0;
                for (const Piece& piece : pieces_[i]) {
                  end = std::max(end, piece.memory_begin + piece.bytes);
                }
                char* memory = Memory(end, 1, MAP_PRIVATE);
                return [=](const PathOrder& order) {
                  Read(order.path, pieces_[i], memory);
                };
              }),
        file_(file) {}

  double Read() const { return team_.Run(PathOrder(file_)); }

 private:
  struct Piece {
    int64_t file_begin;
    int64_t bytes;
    int64_t memory_begin;
  };

  static std::vector<std::vector<Piece>> Pieces(const std::string& file,
                                                int processes) {
    std::vector<std::vector<Piece>> pieces(processes);
    std::ifstream lines(file);
    size_t process;
    Piece piece;
    while (lines >> process >> piece.file_begin >> piece.bytes >>
           piece.memory_begin) {
      pieces.at(process).push_back(piece);
    }
    if (!lines.eof()) Fail(file);
    return pieces;
  }

  static void Read(const char* file, const std::vector<Piece>& pieces,
                   char* memory) {
    int fd = open(file, O_RDONLY);
    if (fd < 0) Fail(file);
    for (const Piece& piece : pieces) {
      for (int64_t done = 0; done < piece.bytes;) {
        int64_t got = pread(fd, memory + piece.memory_begin + done,
                            std::min(kPiece, piece.bytes - done),
                            piece.file_begin + done);
        if (got <= 0) Fail(file);
        done += got;
      }
    }
    close(fd);
  }

  std::vector<std::vector<Piece>> pieces_;
  Team<PathOrder> team_;
  std::string file_;
};

#endif  // CAIRN_BENCHMARKS_DISK_H_
