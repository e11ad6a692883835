// The functions of NCCL that Cairn calls, by their own names; see NCCL's API
// reference for what they do.

#include "nccl.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <functional>
#include <mutex>
#include <set>
#include <utility>

#include "emulated_runtime.h"

#define CAIRN_EMULATED extern "C" __attribute__((visibility("default")))

using namespace emulation;

namespace {

std::mutex mutex;
std::set<Communicator*> live;
thread_local std::string last_error;
thread_local int group_depth = 0;
thread_local Communicator* group_communicator = nullptr;
thread_local cudaStream_t group_stream = nullptr;
thread_local std::vector<Transfer> group;

Result Fail(Result result, const std::string& text) {
  last_error = text;
  return result;
}

// What every call begins with.
Result Enter(const char* function, Communicator* communicator) {
  if (const int error = CallError(); error != 0) {
    return Fail(static_cast<Result>(error),
                std::string("injected into ") + function);
  }
  const std::lock_guard<std::mutex> lock(mutex);
  return communicator != nullptr && live.count(communicator) == 0
             ? Fail(kInvalidArgument,
                    std::string(function) + ": no such communicator")
             : kSuccess;
}

struct Queued {
  Communicator* communicator;
  std::function<int32_t()> work;

  static int32_t Run(void* queued) {
    auto* self = static_cast<Queued*>(queued);
    Communicator* const communicator = self->communicator;
    int32_t result = 0;
    if (const int error = CollectiveError(); error != 0) {
      SetAsyncError(communicator, static_cast<Result>(error),
                    "injected into a collective");
      Hang(communicator);
    } else if (!communicator->aborted) {
      result = self->work();
    }
    delete self;
    --communicator->pending;
    return result;
  }
};

Result Queue(Communicator* self, cudaStream_t stream,
             std::function<int32_t()> work) {
  ++self->pending;
  auto* queued = new Queued{self, std::move(work)};
  if (cairn_emulated_launch(stream, Queued::Run, queued) != cudaSuccess) {
    delete queued;
    --self->pending;
    return Fail(kCudaError, "launch failed");
  }
  return kSuccess;
}

// Its memory stays mapped: what has been queued may still look at it.
void Forget(Communicator* self) {
  while (self->pending != 0) {
    usleep(50);
  }
  const std::lock_guard<std::mutex> lock(mutex);
  live.erase(self);
}

Result Add(Communicator* self, cudaStream_t stream, Transfer transfer) {
  if (transfer.peer < 0 || transfer.peer >= self->size) {
    return Fail(kInvalidArgument, "no such peer");
  }
  if (group_depth > 0) {
    group_communicator = self;
    group_stream = stream;
    group.push_back(transfer);
    return kSuccess;
  }
  return Queue(self, stream,
               [self, transfers = std::vector{transfer}]() mutable {
                 return Exchange(self, transfers);
               });
}

}  // namespace

#define ENTER(communicator)                                \
  if (const Result result = Enter(__func__, communicator); \
      result != kSuccess) {                                \
    return result;                                         \
  }

struct UniqueId {
  char text[128];
};

CAIRN_EMULATED int ncclGetVersion(int* version) {
  *version = 22900;
  return kSuccess;
}

CAIRN_EMULATED int ncclGetUniqueId(UniqueId* id) {
  ENTER(nullptr)
  // Whoever never joins leaves its shared memory to whoever made the name.
  static auto* const made = new std::vector<UniqueId>;
  const std::lock_guard<std::mutex> lock(mutex);
  if (made->empty()) {
    atexit([] {
      for (const UniqueId& one : *made) {
        shm_unlink(one.text);
      }
    });
  }
  memset(id, 0, sizeof(*id));
  snprintf(id->text, sizeof(id->text), "/cairn-nccl-%d-%zu", getpid(),
           made->size());
  made->push_back(*id);
  return kSuccess;
}

CAIRN_EMULATED int ncclCommInitRank(Communicator** made, int size, UniqueId id,
                                    int rank) {
  ENTER(nullptr)
  if (size < 1 || size > kMostRanks || rank < 0 || rank >= size) {
    return Fail(kInvalidArgument, "no such rank");
  }
  const int file = shm_open(id.text, O_RDWR | O_CREAT, 0600);
  if (file < 0 || ftruncate(file, sizeof(Shared)) != 0) {
    return Fail(kSystemError, std::string("no shared memory: ") + id.text);
  }
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                            MAP_SHARED, file, 0);
  close(file);
  auto* const self = new Communicator;
  self->shared = static_cast<Shared*>(memory);
  self->rank = rank;
  self->size = size;
  self->shared->ranks[rank].pid = getpid();
  ++self->shared->joined;
  while (self->shared->joined < size) {
    usleep(200);  // for ever, if a rank is missing
  }
  shm_unlink(id.text);
  const std::lock_guard<std::mutex> lock(mutex);
  live.insert(self);
  *made = self;
  return kSuccess;
}

CAIRN_EMULATED int ncclCommDestroy(Communicator* self) {
  ENTER(self)
  Forget(self);
  return kSuccess;
}

CAIRN_EMULATED int ncclCommAbort(Communicator* self) {
  const Result told = Enter(__func__, self);
  if (told == kInvalidArgument) {
    return told;
  }
  self->aborted = true;
  Forget(self);
  return told;
}

CAIRN_EMULATED int ncclCommGetAsyncError(Communicator* self, int* error) {
  ENTER(self)
  *error = self->async_error;
  if (*error != 0) {
    last_error = self->text;
  }
  return kSuccess;
}

CAIRN_EMULATED int ncclCommCount(Communicator* self, int* count) {
  ENTER(self)
  *count = self->size;
  return kSuccess;
}

CAIRN_EMULATED int ncclCommUserRank(Communicator* self, int* rank) {
  ENTER(self)
  *rank = self->rank;
  return kSuccess;
}

CAIRN_EMULATED const char* ncclGetErrorString(int result) {
  switch (result) {
    case kSuccess:
      return "no error";
    case kCudaError:
      return "unhandled cuda error";
    case kSystemError:
      return "unhandled system error";
    case kInvalidArgument:
      return "invalid argument";
    case kInvalidUsage:
      return "invalid usage";
    case kRemoteError:
      return "remote process exited or there was a network error";
    default:
      return "unknown result code";
  }
}

CAIRN_EMULATED const char* ncclGetLastError(Communicator*) {
  return last_error.c_str();
}

CAIRN_EMULATED int ncclAllGather(const void* source, void* target, size_t count,
                                 int type, Communicator* self,
                                 cudaStream_t stream) {
  ENTER(self)
  const auto from = reinterpret_cast<uintptr_t>(source);
  const auto to = reinterpret_cast<uintptr_t>(target);
  return Queue(self, stream, [=] {
    return AllGather(self, from, to, {type, count});
  });
}

CAIRN_EMULATED int ncclGroupStart() {
  ENTER(nullptr)
  ++group_depth;
  return kSuccess;
}

CAIRN_EMULATED int ncclGroupEnd() {
  std::vector<Transfer> transfers;
  if (--group_depth == 0) {
    transfers.swap(group);
  }
  ENTER(nullptr)
  Communicator* const self = group_communicator;
  if (transfers.empty()) {
    return kSuccess;
  }
  return Queue(self, group_stream,
               [self, transfers = std::move(transfers)]() mutable {
                 return Exchange(self, transfers);
               });
}

CAIRN_EMULATED int ncclSend(const void* source, size_t count, int type,
                            int peer, Communicator* self, cudaStream_t stream) {
  ENTER(self)
  return Add(self, stream,
             {true, reinterpret_cast<uintptr_t>(source),
              count * TypeBytes(type), count, type, peer});
}

CAIRN_EMULATED int ncclRecv(void* target, size_t count, int type, int peer,
                            Communicator* self, cudaStream_t stream) {
  ENTER(self)
  return Add(self, stream,
             {false, reinterpret_cast<uintptr_t>(target),
              count * TypeBytes(type), count, type, peer});
}

// All other functions that the bindings for Java want.
#define NOT_EMULATED(function)                                        \
  CAIRN_EMULATED int function() {                                     \
    fprintf(stderr, "NCCL emulation: not emulated: %s\n", #function); \
    return kInvalidUsage;                                             \
  }
#include "unemulated_nccl.inc"

// A native of dev.cairn.comm.EmulatedNccl; the others are in nccl_fault.cpp.
CAIRN_EMULATED int Java_dev_cairn_comm_EmulatedNccl_liveCommunicators(void*,
                                                                      void*) {
  const std::lock_guard<std::mutex> lock(mutex);
  return static_cast<int>(live.size());
}
