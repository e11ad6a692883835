// What a collective waits for before it moves a byte: connections, which its
// call makes (NCCL_RUNTIME_CONNECT, on unless set to 0), and the device, which
// communicators take from each other.

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>

#include "nccl.h"

namespace emulation {
namespace {

bool Connects() {
  static const char* const setting = getenv("NCCL_RUNTIME_CONNECT");
  return setting == nullptr || setting[0] != '0';
}

bool IsGone(const Rank& rank) {
  return rank.left != kStays || (kill(rank.pid, 0) != 0 && errno == ESRCH);
}

// Returns once a peer wants the same, which may be never.
Result Await(Communicator* self, int peer,
             const std::function<bool()>& wanted) {
  while (!wanted()) {
    if (self->aborted) {
      return Fail(kSystemError, "aborted while connecting");
    }
    if (IsGone(self->shared->ranks[peer])) {
      return Fail(kRemoteError, "connection closed by remote peer");
    }
    usleep(200);
  }
  return kSuccess;
}

}  // namespace

Result ConnectAll(Communicator* self) {
  if (!Connects()) {
    return kSuccess;
  }
  Rank* const ranks = self->shared->ranks;
  ranks[self->rank].connects_all = 1;
  Result result = kSuccess;
  for (int peer = 0; peer < self->size && result == kSuccess; ++peer) {
    result = Await(self, peer, [=] { return ranks[peer].connects_all != 0; });
  }
  return result;
}

Result Connect(Communicator* self, const std::vector<Transfer>& transfers) {
  if (!Connects()) {
    return kSuccess;
  }
  Rank* const ranks = self->shared->ranks;
  for (const Transfer& transfer : transfers) {
    ranks[self->rank].connects[transfer.peer] = 1;
  }
  Result result = kSuccess;
  for (const Transfer& transfer : transfers) {
    const int peer = transfer.peer;
    if (result == kSuccess) {
      result = Await(self, peer,
                     [=] { return ranks[peer].connects[self->rank] != 0; });
    }
  }
  return result;
}

namespace {

std::mutex mutex;
std::condition_variable changed;
std::map<int, Communicator*> holders;  // by device

}  // namespace

bool TakeDevice(Communicator* self) {
  std::unique_lock<std::mutex> lock(mutex);
  while (!self->aborted && holders[self->device] != nullptr) {
    changed.wait_for(lock, std::chrono::milliseconds(1));
  }
  if (!self->aborted) {
    holders[self->device] = self;
  }
  return holders[self->device] == self;
}

void LeaveDevice(Communicator* self) {
  const std::lock_guard<std::mutex> lock(mutex);
  holders[self->device] = nullptr;
  changed.notify_all();
}

}  // namespace emulation
