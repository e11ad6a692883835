// What the bounds share: memory that processes share, processes that start
// together, and the clock.
#ifndef CAIRN_BENCHMARKS_PROCESS_H_
#define CAIRN_BENCHMARKS_PROCESS_H_

#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

constexpr int64_t kPage = 4096;

[[noreturn]] inline void Fail(const std::string& what) {
  std::fprintf(stderr, "raw: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

inline double Now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

inline int64_t RoundUp(int64_t bytes, int64_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

// Memory that stays the same in the processes that are forked later.
inline char* SharedMemory(int64_t bytes, int value) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) Fail("mmap");
  std::memset(memory, value, bytes);
  return static_cast<char*>(memory);
}

// Gives this process its entries of the page table, so that no timing pays for
// them.
inline void Touch(char* memory, int64_t bytes) {
  for (int64_t at = 0; at < bytes; at += kPage) {
    volatile char* byte = memory + at;
    *byte = *byte;
  }
}

// Runs work(i) in `count` processes, each of which returns what is timed, and
// these together; returns the seconds until the last ends.
template <typename Work>
double InProcesses(int count, Work work) {
  auto* ready = static_cast<std::atomic<int>*>(
      mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
           -1, 0));
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
  munmap(ready, kPage);
  if (failed) Fail("a process");
  return seconds;
}

#endif  // CAIRN_BENCHMARKS_PROCESS_H_
