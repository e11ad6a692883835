// libnccl.so.2 for tests: ranks are processes of one host, which exchange bytes
// through shared memory. As strict as NCCL is, and stricter where it would only
// hang: a collective runs late on its stream; a rank that is missing holds up
// all others until they abort; ranks that issue different collectives are told;
// the first collective of each kind connects, inside the call, with every rank
// that it needs; of several communicators one at a time has the device.
#ifndef CAIRN_NCCL_H_
#define CAIRN_NCCL_H_

#include <stddef.h>
#include <stdint.h>

#include <atomic>
#include <functional>
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
  kInProgress = 7,
};

constexpr int kMostRanks = 8;
constexpr size_t kPieceBytes = 64 << 10;
constexpr int32_t kIllegalAddress = 700;

constexpr uint64_t kMostIssued = 64;

// An all-gather as a rank issued it, and what the rank issued before it over
// another communicator: ranks that use several must take turns alike.
struct Signature {
  int32_t type;
  uint64_t count;
  uint64_t other_communicator;  // 0 is none
  uint64_t other_number;
};

// What a stream of a rank is in.
enum Inside : int { kNothing, kAllGather, kExchange };

// Bytes on their way from one rank to another.
struct Channel {
  std::atomic<uint64_t> sent, taken;
  uint64_t length_bytes, count;
  int32_t type;
  uint8_t data[kPieceBytes];
};

// How a rank has left.
enum Left : int { kStays, kDestroys, kAborted };

struct Rank {
  std::atomic<int> pid;
  std::atomic<int> inside;
  std::atomic<int> left;
  // What it wants connections for: all-gathers, transfers with each rank.
  std::atomic<int> connects_all;
  std::atomic<int> connects[kMostRanks];
  // All-gathers: how many were issued, and so on; then pieces of them.
  std::atomic<uint64_t> issued, begun, compared, ready, done;
  Signature issues[kMostIssued];
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
  int device;
  uint64_t name;       // the same on all ranks, another one than others'
  uint64_t steps = 0;  // by those that have run
  bool blocking = true;
  std::atomic<bool> aborted{false};
  std::atomic<int> calls{0};    // that are being made
  std::atomic<int> pending{0};  // collectives that have not ended
  std::atomic<bool> in_progress{false};
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
  uint64_t gathers_before;  // how many all-gathers this rank had issued
  size_t done_bytes = 0;
};

size_t TypeBytes(int32_t type);

// What this call, or this collective, is to fail with; 0 if it is not. Calls
// that only ask how things are count on their own.
int CallError();
int QueryError();
int CollectiveError();
// A collective that fails with this hangs and says nothing.
constexpr int kHangs = -1;
// Waits for as long as a test wants nobody to join.
void AwaitJoining();

// Notes the result and its text, which the thread's next question gets.
Result Fail(Result result, const std::string& text);
void NoteError(const std::string& text);

// Whether it is known, and neither destroyed nor aborted.
bool IsLive(Communicator* communicator);

// What a call on a communicator is refused with; kSuccess if it is not.
Result Refused(Communicator* communicator, const char* function);

// Makes a call: at once, or for one that does not block in a thread of its own,
// while the communicator is in progress.
Result Make(Communicator* self, std::function<Result()> call);

// Connects for a collective, with every rank's help; kSuccess once it has.
Result ConnectAll(Communicator* self);
Result Connect(Communicator* self, const std::vector<Transfer>& transfers);

// One communicator's collectives at a time have a device: false if this one is
// aborted before it has.
bool TakeDevice(Communicator* self);
void LeaveDevice(Communicator* self);

// Publishes that this rank has issued an all-gather; 0 if too many are queued.
uint64_t Issue(Communicator* self, int32_t type, uint64_t count);
// Forgets what was issued over a communicator that goes; over any, if null.
void ForgetIssues(Communicator* self);
// Whether a peer has issued the same; if not, the communicator says so.
bool IsSame(Communicator* self, uint64_t number, int peer);
// Notes that a communicator was aborted whose call was being made, which NCCL
// only forgives if it does not block: the call goes on with what was freed.
void NoteUnsafeAbort();
// Notes how long a stream was in a collective.
void NoteCollective(uint64_t nanos);

// The first error of what was queued is the one that its communicator tells.
void SetAsyncError(Communicator* self, Result error, const std::string& text);

// What streams run. Each ends early if the communicator is aborted.
int32_t AllGather(Communicator* self, uintptr_t source, uintptr_t target,
                  uint64_t number);
int32_t Exchange(Communicator* self, std::vector<Transfer>& transfers);
// Hangs, as a collective does that its peers do not take part in.
void Hang(Communicator* self);

}  // namespace emulation

#define CAIRN_EMULATED extern "C" __attribute__((visibility("default")))

// What calls begin with.
#define ENTER_WITH(error, communicator)                       \
  if (const int injected = error; injected != 0) {            \
    return Fail(static_cast<Result>(injected),                \
                std::string("injected into ") + __func__);    \
  }                                                           \
  if (const Result refused = Refused(communicator, __func__); \
      refused != kSuccess) {                                  \
    return refused;                                           \
  }
#define ENTER(communicator) ENTER_WITH(CallError(), communicator)

#endif  // CAIRN_NCCL_H_
