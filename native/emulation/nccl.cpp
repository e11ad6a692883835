// The functions of NCCL that queue collectives, by their own names; see NCCL's
// API reference for what they do.

#include "nccl.h"

#include <time.h>

#include <functional>
#include <utility>

#include "emulated_runtime.h"

using namespace emulation;

namespace {

thread_local int group_depth = 0;
thread_local Communicator* group_communicator = nullptr;
thread_local cudaStream_t group_stream = nullptr;
thread_local std::vector<Transfer> group;

uint64_t Nanos() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<uint64_t>(now.tv_nsec);
}

struct Queued {
  Communicator* communicator;
  Inside kind;
  std::function<int32_t()> work;

  static int32_t Run(void* queued) {
    auto* self = static_cast<Queued*>(queued);
    Communicator* const communicator = self->communicator;
    Rank& own = communicator->shared->ranks[communicator->rank];
    int32_t result = 0;
    const uint64_t start_nanos = Nanos();
    own.inside = self->kind;
    const int error = CollectiveError();
    if (TakeDevice(communicator)) {
      if (error == kHangs) {
        Hang(communicator);
      } else if (error != 0) {
        SetAsyncError(communicator, static_cast<Result>(error),
                      "injected into a collective");
        Hang(communicator);
      } else {
        result = self->work();
      }
      LeaveDevice(communicator);
    }
    own.inside = kNothing;
    NoteCollective(Nanos() - start_nanos);
    delete self;
    --communicator->pending;
    return result;
  }
};

// As NCCL does, whatever the caller's current device is: with the
// communicator's.
Result Queue(Communicator* self, cudaStream_t stream, Inside kind,
             std::function<int32_t()> work) {
  int before = 0;
  if (cudaGetDevice(&before) != cudaSuccess ||
      cudaSetDevice(self->device) != cudaSuccess) {
    return Fail(kCudaError, "no device");
  }
  ++self->pending;
  auto* queued = new Queued{self, kind, std::move(work)};
  const cudaError_t error =
      cairn_emulated_launch(nullptr, stream, Queued::Run, queued);
  if (error != cudaSuccess) {
    delete queued;
    --self->pending;
  }
  return cudaSetDevice(before) == cudaSuccess && error == cudaSuccess
             ? kSuccess
             : Fail(kCudaError, "launch failed");
}

Result QueueExchange(Communicator* self, cudaStream_t stream,
                     const std::vector<Transfer>& transfers) {
  return Make(self, [=] {
    const Result connected = Connect(self, transfers);
    if (connected != kSuccess) {
      return connected;
    }
    return Queue(self, stream, kExchange,
                 [self, own = std::vector<Transfer>(transfers)]() mutable {
                   return Exchange(self, own);
                 });
  });
}

Result Add(Communicator* self, cudaStream_t stream, Transfer transfer) {
  if (transfer.peer < 0 || transfer.peer >= self->size) {
    return Fail(kInvalidArgument, "no such peer");
  }
  transfer.gathers_before = self->shared->ranks[self->rank].issued;
  if (group_depth > 0) {
    group_communicator = self;
    group_stream = stream;
    group.push_back(transfer);
    return kSuccess;
  }
  return QueueExchange(self, stream, {transfer});
}

}  // namespace

CAIRN_EMULATED int ncclAllGather(const void* source, void* target, size_t count,
                                 int type, Communicator* self,
                                 cudaStream_t stream) {
  ENTER(self)
  const auto from = reinterpret_cast<uintptr_t>(source);
  const auto to = reinterpret_cast<uintptr_t>(target);
  const uint64_t number = Issue(self, type, count);
  if (number == 0) {
    return Fail(kInvalidUsage, "more is queued than the emulation can");
  }
  return Make(self, [=] {
    const Result connected = ConnectAll(self);
    if (connected != kSuccess) {
      return connected;
    }
    return Queue(self, stream, kAllGather,
                 [=] { return AllGather(self, from, to, number); });
  });
}

CAIRN_EMULATED int ncclGroupStart() {
  ENTER(static_cast<Communicator*>(nullptr))
  ++group_depth;
  return kSuccess;
}

CAIRN_EMULATED int ncclGroupEnd() {
  std::vector<Transfer> transfers;
  if (--group_depth == 0) {
    transfers.swap(group);
  }
  ENTER(static_cast<Communicator*>(nullptr))
  if (transfers.empty()) {
    return kSuccess;
  }
  return QueueExchange(group_communicator, group_stream, transfers);
}

CAIRN_EMULATED int ncclSend(const void* source, size_t count, int type,
                            int peer, Communicator* self, cudaStream_t stream) {
  ENTER(self)
  return Add(self, stream,
             {true, reinterpret_cast<uintptr_t>(source),
              count * TypeBytes(type), count, type, peer, 0});
}

CAIRN_EMULATED int ncclRecv(void* target, size_t count, int type, int peer,
                            Communicator* self, cudaStream_t stream) {
  ENTER(self)
  return Add(self, stream,
             {false, reinterpret_cast<uintptr_t>(target),
              count * TypeBytes(type), count, type, peer, 0});
}
