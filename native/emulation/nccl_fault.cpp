// Errors of NCCL that tests ask for.

#include <atomic>

#include "nccl.h"

#define CAIRN_EMULATED extern "C" __attribute__((visibility("default")))

namespace emulation {
namespace {

// The call, or the collective, that is to fail: counted down to 0.
std::atomic<int> calls_left{0};
std::atomic<int> call_error{0};
std::atomic<int> collectives_left{0};
std::atomic<int> collective_error{0};

// True once: when the count that was set has been reached.
bool Reached(std::atomic<int>& left) {
  int before = left.load();
  while (before > 0 && !left.compare_exchange_weak(before, before - 1)) {
  }
  return before == 1;
}

}  // namespace

int CallError() { return Reached(calls_left) ? call_error.load() : 0; }

int CollectiveError() {
  return Reached(collectives_left) ? collective_error.load() : 0;
}

}  // namespace emulation

using namespace emulation;

// Natives of dev.cairn.comm.EmulatedNccl.

CAIRN_EMULATED void Java_dev_cairn_comm_EmulatedNccl_failCall(void*, void*,
                                                              int nth,
                                                              int error) {
  call_error = error;
  calls_left = nth;
}

CAIRN_EMULATED void Java_dev_cairn_comm_EmulatedNccl_failCollective(void*,
                                                                    void*,
                                                                    int nth,
                                                                    int error) {
  collective_error = error;
  collectives_left = nth;
}

CAIRN_EMULATED uint8_t
Java_dev_cairn_comm_EmulatedNccl_failureIsPending(void*, void*) {
  return calls_left > 0 || collectives_left > 0 ? 1 : 0;
}
