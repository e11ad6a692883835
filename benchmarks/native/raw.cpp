// The bounds that Cairn is measured against: plain reads, writes and copies,
// nothing else.
//
//   raw write PROCESSES FILES BYTES           pwrite of 8 MiB pieces from a
//   warm buffer raw durable PROCESSES FILES BYTES PIECE   the same with
//   O_DIRECT and a force at the end raw read PROCESSES FILE pread of a file
//   into a warm buffer each raw copy FROM                             read and
//   write of a file (or of every file in a folder) raw memcpy THREADS BYTES
//   memcpy into warm memory
//
// Stays alive: for each line on standard input, a path to write to (any word
// where nothing is written), does the work once and prints the seconds that it
// took.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int64_t kPiece = 8 << 20;

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "raw: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

double Now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

char* Memory(int64_t bytes, int value) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) Fail("mmap");
  std::memset(memory, value, bytes);
  return static_cast<char*>(memory);
}

// Runs work(i) in `count` processes that start together; returns the seconds
// until the last ends.
template <typename Work>
double InProcesses(int count, Work work) {
  auto* ready =
      static_cast<std::atomic<int>*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  auto* go = ready + 1;
  std::vector<pid_t> children;
  for (int i = 0; i < count; i++) {
    pid_t child = fork();
    if (child < 0) Fail("fork");
    if (child == 0) {
      auto run = work(i);
      ready->fetch_add(1);
      while (!go->load()) usleep(50);
      run();
      _exit(0);
    }
    children.push_back(child);
  }
  while (ready->load() < count) usleep(50);
  double start = Now();
  go->store(1);
  bool failed = false;
  for (pid_t child : children) {
    int status;
    waitpid(child, &status, 0);
    failed |= status != 0;
  }
  double seconds = Now() - start;
  munmap(ready, 4096);
  if (failed) Fail("a process");
  return seconds;
}

struct Range {
  std::string file;
  int64_t begin;
  int64_t end;
};

// Process `i` of `processes` gets an equal share of the bytes, which lie in
// `files` equal files.
std::vector<Range> Share(const std::string& path, int i, int processes,
                         int files, int64_t bytes) {
  std::vector<Range> shares;
  int64_t align = 4096;
  int64_t each = (bytes / files + align - 1) / align * align;
  int64_t mine = (bytes / processes + align - 1) / align * align;
  int64_t begin = i * mine, end = std::min(bytes, begin + mine);
  for (int file = 0; file < files; file++) {
    int64_t low = std::max(begin, file * each),
            high = std::min(end, (file + 1) * each);
    if (low < high) {
      shares.push_back({path + "." + std::to_string(file), low - file * each,
                        high - file * each});
    }
  }
  return shares;
}

double Write(const std::string& path, int processes, int files, int64_t bytes,
             int64_t piece, bool direct) {
  for (int file = 0; file < files; file++) {
    int fd = open((path + "." + std::to_string(file)).c_str(),
                  O_CREAT | O_WRONLY | O_TRUNC, 0644);
    if (fd < 0) Fail(path);
    if (direct && posix_fallocate(fd, 0, bytes / files)) Fail("fallocate");
    close(fd);
  }
  return InProcesses(processes, [&](int i) {
    char* buffer = Memory(piece, i + 1);
    return [=] {
      for (const Range& range : Share(path, i, processes, files, bytes)) {
        int fd = open(range.file.c_str(), O_WRONLY | (direct ? O_DIRECT : 0));
        if (fd < 0) Fail(range.file);
        for (int64_t at = range.begin; at < range.end;) {
          int64_t length = std::min(piece, range.end - at);
          if (direct) length = (length + 4095) / 4096 * 4096;
          int64_t wrote = pwrite(fd, buffer, length, at);
          if (wrote < 0) Fail(range.file);
          at += wrote;
        }
        if (direct && fdatasync(fd)) Fail("fdatasync");
        close(fd);
      }
    };
  });
}

double Read(const std::string& file, int processes) {
  struct stat info;
  if (stat(file.c_str(), &info)) Fail(file);
  int64_t share = info.st_size / processes;
  return InProcesses(processes, [&](int i) {
    char* target = Memory(share, 1);
    return [=] {
      int fd = open(file.c_str(), O_RDONLY);
      for (int64_t done = 0; done < share;) {
        int64_t got = pread(fd, target + done, std::min(kPiece, share - done),
                            i * share + done);
        if (got <= 0) Fail(file);
        done += got;
      }
    };
  });
}

double Copy(const std::string& from, const std::string& to, char* buffer) {
  double start = Now();
  std::vector<std::pair<std::string, std::string>> files;
  if (std::filesystem::is_directory(from)) {
    std::filesystem::create_directories(to);
    for (const auto& entry : std::filesystem::directory_iterator(from)) {
      if (entry.is_regular_file()) {
        files.emplace_back(entry.path(),
                           to + "/" + entry.path().filename().string());
      }
    }
  } else {
    files.emplace_back(from, to);
  }
  for (const auto& [source, target] : files) {
    int in = open(source.c_str(), O_RDONLY);
    int out = open(target.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0644);
    if (in < 0 || out < 0) Fail(target);
    for (int64_t got; (got = read(in, buffer, kPiece)) > 0;) {
      for (int64_t done = 0; done < got;) {
        int64_t wrote = write(out, buffer + done, got - done);
        if (wrote < 0) Fail(target);
        done += wrote;
      }
    }
    close(in);
    close(out);
  }
  return Now() - start;
}

double Memcpy(int threads, int64_t bytes, char* from, char* to) {
  double start = Now();
  std::vector<std::thread> running;
  for (int i = 0; i < threads; i++) {
    int64_t begin = bytes / threads * i;
    int64_t end = i + 1 == threads ? bytes : begin + bytes / threads;
    running.emplace_back(
        [=] { std::memcpy(to + begin, from + begin, end - begin); });
  }
  for (auto& thread : running) thread.join();
  return Now() - start;
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> args(arguments + 1, arguments + count);
  auto number = [&](size_t i) {
    return i < args.size() ? std::atoll(args[i].c_str()) : 0;
  };
  std::string mode = args.empty() ? "" : args[0];
  char* from = nullptr;
  char* to = nullptr;
  if (mode == "copy") from = Memory(kPiece, 1);
  if (mode == "memcpy") from = Memory(number(2), 1), to = Memory(number(2), 2);
  std::cout << "ready" << std::endl;
  for (std::string path; std::getline(std::cin, path);) {
    double seconds;
    if (mode == "write") {
      seconds = Write(path, number(1), number(2), number(3), kPiece, false);
    } else if (mode == "durable") {
      seconds = Write(path, number(1), number(2), number(3), number(4), true);
    } else if (mode == "read") {
      seconds = Read(args[2], number(1));
    } else if (mode == "copy") {
      seconds = Copy(args[1], path, from);
    } else if (mode == "memcpy") {
      seconds = Memcpy(number(1), number(2), from, to);
    } else {
      std::fprintf(stderr, "raw: unknown work: %s\n", mode.c_str());
      return 2;
    }
    std::cout << "seconds " << seconds << std::endl;
  }
}
