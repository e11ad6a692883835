// Whether all ranks issue the same all-gathers in the same order. What NCCL
// would only hang at is said by the communicator here.

#include <mutex>
#include <string>

#include "nccl.h"

namespace emulation {
namespace {

// The all-gather that this process has issued last, over any communicator.
std::mutex mutex;
Communicator* last = nullptr;
uint64_t last_number = 0;

}  // namespace

uint64_t Issue(Communicator* self, int32_t type, uint64_t count) {
  const std::lock_guard<std::mutex> lock(mutex);
  Rank& own = self->shared->ranks[self->rank];
  const uint64_t number = own.issued + 1;
  for (int peer = 0; peer < self->size; ++peer) {
    if (self->shared->ranks[peer].compared + kMostIssued <= number) {
      return 0;  // what a peer has yet to look at would be overwritten
    }
  }
  const bool other = last != nullptr && last != self;
  own.issues[number % kMostIssued] = {type, count, other ? last->name : 0,
                                      other ? last_number : 0};
  own.issued = number;
  last = self;
  last_number = number;
  return number;
}

void ForgetIssues(Communicator* self) {
  const std::lock_guard<std::mutex> lock(mutex);
  last = self == nullptr || last == self ? nullptr : last;
}

namespace {

std::string Text(const Signature& signature) {
  std::string text = "gathers " + std::to_string(signature.count) +
                     " of type " + std::to_string(signature.type);
  if (signature.other_communicator != 0) {
    text += " after " + std::to_string(signature.other_number) +
            " over communicator " +
            std::to_string(signature.other_communicator % 10000);
  }
  return text;
}

}  // namespace

bool IsSame(Communicator* self, uint64_t number, int peer) {
  Rank* const ranks = self->shared->ranks;
  const Signature& own = ranks[self->rank].issues[number % kMostIssued];
  const Signature& other = ranks[peer].issues[number % kMostIssued];
  if (own.type == other.type && own.count == other.count &&
      own.other_communicator == other.other_communicator &&
      own.other_number == other.other_number) {
    return true;
  }
  SetAsyncError(self, kInvalidUsage,
                "collective " + std::to_string(number) + " differs: rank " +
                    std::to_string(self->rank) + " " + Text(own) + ", rank " +
                    std::to_string(peer) + " " + Text(other));
  return false;
}

}  // namespace emulation
