// Errors of NCCL that tests ask for, and what tests find out.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "nccl.h"

namespace emulation {
namespace {

// What happens at a call, or a collective: counted down to 0.
struct Injected {
  std::atomic<int> left{0};
  std::atomic<int> what{0};

  void Set(int nth, int value) {
    what = value;
    left = nth;
  }

  // What was asked for, once: when the count that was set has been reached.
  int Next() {
    int before = left.load();
    while (before > 0 && !left.compare_exchange_weak(before, before - 1)) {
    }
    return before == 1 ? what.load() : 0;
  }
};

Injected calls;
Injected queries;
Injected collectives;
Injected signals;
Injected call_signals;
std::atomic<bool> joining_held{false};
std::atomic<int> collectives_run{0};
std::atomic<uint64_t> longest_nanos{0};
std::atomic<int> unsafe_aborts{0};

}  // namespace

int CallError() {
  if (const int signal = call_signals.Next(); signal != 0) {
    kill(getpid(), signal);
  }
  return calls.Next();
}

int QueryError() { return queries.Next(); }

int CollectiveError() {
  if (const int signal = signals.Next(); signal != 0) {
    kill(getpid(), signal);
  }
  return collectives.Next();
}

void AwaitJoining() {
  while (joining_held) {
    usleep(200);
  }
}

void NoteUnsafeAbort() { ++unsafe_aborts; }

void NoteCollective(uint64_t nanos) {
  ++collectives_run;
  longest_nanos = std::max(longest_nanos.load(), nanos);
}

}  // namespace emulation

using namespace emulation;

// Natives of dev.cairn.comm.nccl.EmulatedNccl.

CAIRN_EMULATED void Java_dev_cairn_comm_nccl_EmulatedNccl_failCall(void*, void*,
                                                                   int nth,
                                                                   int error) {
  calls.Set(nth, error);
}

CAIRN_EMULATED void Java_dev_cairn_comm_nccl_EmulatedNccl_failQuery(void*,
                                                                    void*,
                                                                    int nth,
                                                                    int error) {
  queries.Set(nth, error);
}

CAIRN_EMULATED void Java_dev_cairn_comm_nccl_EmulatedNccl_failCollective(
    void*, void*, int nth, int error) {
  collectives.Set(nth, error);
}

CAIRN_EMULATED void Java_dev_cairn_comm_nccl_EmulatedNccl_signalInCollective(
    void*, void*, int nth, int signal) {
  signals.Set(nth, signal);
}

CAIRN_EMULATED void Java_dev_cairn_comm_nccl_EmulatedNccl_signalInCall(
    void*, void*, int nth, int signal) {
  call_signals.Set(nth, signal);
}

CAIRN_EMULATED void Java_dev_cairn_comm_nccl_EmulatedNccl_holdJoining(
    void*, void*, uint8_t held) {
  joining_held = held != 0;
}

CAIRN_EMULATED uint8_t
Java_dev_cairn_comm_nccl_EmulatedNccl_failureIsPending(void*, void*) {
  return calls.left > 0 || queries.left > 0 || collectives.left > 0 ? 1 : 0;
}

CAIRN_EMULATED int64_t
Java_dev_cairn_comm_nccl_EmulatedNccl_takeLongestCollectiveMillis(void*,
                                                                  void*) {
  return static_cast<int64_t>(longest_nanos.exchange(0) / 1'000'000);
}

CAIRN_EMULATED int Java_dev_cairn_comm_nccl_EmulatedNccl_takeCollectives(
    void*, void*) {
  return collectives_run.exchange(0);
}

CAIRN_EMULATED int Java_dev_cairn_comm_nccl_EmulatedNccl_unsafeAborts(void*,
                                                                      void*) {
  return unsafe_aborts;
}
