// What the bounds share: memory that processes share, processes that follow
// orders together, and the clock.
#ifndef CAIRN_BENCHMARKS_PROCESS_H_
#define CAIRN_BENCHMARKS_PROCESS_H_

#include <limits.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

// Memory that is there, MAP_SHARED or MAP_PRIVATE.
inline char* Memory(int64_t bytes, int value, int kind) {
  void* memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) Fail("mmap");
  std::memset(memory, value, bytes);
  return static_cast<char*>(memory);
}

// Memory that stays the same in the processes that are forked later.
inline char* SharedMemory(int64_t bytes, int value) {
  return Memory(bytes, value, MAP_SHARED);
}

// Gives this process its entries of the page table.
inline void Touch(char* memory, int64_t bytes) {
  for (int64_t at = 0; at < bytes; at += kPage) {
    volatile char* byte = memory + at;
    *byte = *byte;
  }
}

// Processes that live as long as this does and all follow the same orders, so
// that no run pays for a fork or for the first touch of memory. An Order is
// plain bytes without pointers.
template <typename Order>
class Team {
 public:
  // Each process first calls begin(i), whose result follows its orders.
  template <typename Begin>
  Team(int count, Begin begin) {
    for (int i = 0; i < count; i++) {
      int orders[2], answers[2];
      if (pipe(orders) || pipe(answers)) Fail("pipe");
      pid_t child = fork();
      if (child < 0) Fail("fork");
      if (child == 0) {
        // Of those before it, lest they outlive the parent.
        for (const Member& other : members_) close(other.orders);
        close(orders[1]);
        Follow(begin(i), orders[0], answers[1]);
      }
      close(orders[0]);
      close(answers[1]);
      members_.push_back({child, orders[1], answers[0]});
    }
    for (const Member& member : members_) Await(member);
  }

  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  ~Team() {
    for (const Member& member : members_) {
      close(member.orders);
      close(member.answers);
      waitpid(member.process, nullptr, 0);
    }
  }

  // Returns the seconds from the order until the last process has followed it.
  double Run(const Order& order) const {
    double start = Now();
    for (const Member& member : members_) {
      if (write(member.orders, &order, sizeof order) != sizeof order) {
        Fail("an order");
      }
    }
    for (const Member& member : members_) Await(member);
    return Now() - start;
  }

 private:
  struct Member {
    pid_t process;
    int orders;
    int answers;
  };

  static_assert(sizeof(Order) <= PIPE_BUF, "an order arrives whole");

  template <typename Work>
  [[noreturn]] static void Follow(Work work, int orders, int answers) {
    char done = 1;
    Order order;
    while (write(answers, &done, 1) == 1 &&
           read(orders, &order, sizeof order) == sizeof order) {
      work(order);
    }
    _exit(0);
  }

  static void Await(const Member& member) {
    char done;
    if (read(member.answers, &done, 1) != 1) Fail("a process");
  }

  std::vector<Member> members_;
};

// The order to do something with a path.
struct PathOrder {
  char path[1024];

  explicit PathOrder(const std::string& name = "") {
    if (name.size() >= sizeof path) Fail(name);
    std::strcpy(path, name.c_str());
  }
};

#endif  // CAIRN_BENCHMARKS_PROCESS_H_
