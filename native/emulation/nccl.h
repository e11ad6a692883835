// libnccl.so.2 for tests: ranks are processes of one host, which exchange bytes
// through shared memory. As strict as NCCL is, and stricter where it would only
// hang: a collective runs late on its stream; a rank that is missing holds up
// all others until they abort; ranks that issue different collectives are told.
#ifndef CAIRN_NCCL_H_
#define CAIRN_NCCL_H_

#include <stddef.h>
#include <stdint.h>

#include <atomic>
#include <string>
#include <vector>

namespace emulation {

// ncclResult_t.
enum Result : int {
  kSuccess = 0,
  kCudaError = 1,
  kSystemError = 2,
  kInvalidArgument = 4,
  kInvalidUsage = 5,
  kRemoteError = 6,
};

constexpr int kMostRanks = 8;
constexpr size_t kPieceBytes = 64 << 10;
constexpr int32_t kIllegalAddress = 700;

struct Signature {
  int32_t type;
  uint64_t count;
};

// Bytes on their way from one rank to another.
struct Channel {
  std::atomic<uint64_t> sent, taken;
  uint64_t length_bytes, count;
  int32_t type;
  uint8_t data[kPieceBytes];
};

struct Rank {
  std::atomic<int> pid;
  std::atomic<uint64_t> begun, compared, ready, done;
  Signature signature;
  uint8_t data[kPieceBytes];
};

// What all ranks see; it begins as zeros.
struct Shared {
  std::atomic<int> joined;
  Rank ranks[kMostRanks];
  Channel channels[kMostRanks][kMostRanks];
};

struct Communicator {
  Shared* shared;
  int rank;
  int size;
  uint64_t collectives = 0;  // by those that have run
  uint64_t steps = 0;
  std::atomic<bool> aborted{false};
  std::atomic<int> pending{0};
  std::atomic<int> async_error{0};
  std::string text;  // written before async_error is
};

// One side of a transfer.
struct Transfer {
  bool sends;
  uintptr_t address;
  size_t length_bytes;
  uint64_t count;
  int32_t type;
  int peer;
  size_t done_bytes = 0;
};

size_t TypeBytes(int32_t type);

// What this call, or this collective, is to fail with; 0 if it is not.
int CallError();
int CollectiveError();

// The first error of what was queued is the one that its communicator tells.
void SetAsyncError(Communicator* self, Result error, const std::string& text);

// What streams run. Each ends early if the communicator is aborted.
int32_t AllGather(Communicator* self, uintptr_t source, uintptr_t target,
                  Signature signature);
int32_t Exchange(Communicator* self, std::vector<Transfer>& transfers);
// Hangs, as a collective does that its peers do not take part in.
void Hang(Communicator* self);

}  // namespace emulation

#endif  // CAIRN_NCCL_H_
