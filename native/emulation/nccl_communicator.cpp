// The functions of NCCL that make communicators and end them; see NCCL's API
// reference for what they do.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "emulated_runtime.h"
#include "nccl.h"

using namespace emulation;

namespace {

std::mutex mutex;
std::set<Communicator*> live;
thread_local std::string last_error;

struct UniqueId {
  char text[128];
};

// Its memory stays mapped: what has been queued may still look at it.
void Forget(Communicator* self) {
  ForgetIssues(self);
  const std::lock_guard<std::mutex> lock(mutex);
  live.erase(self);
}

Shared* Map(const char* name) {
  const int file = shm_open(name, O_RDWR | O_CREAT, 0600);
  if (file < 0 || ftruncate(file, sizeof(Shared)) != 0) {
    return nullptr;
  }
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                            MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<Shared*>(memory);
}

// Leaves a trace where NCCL does, for who wants to know that it was used.
void Log(const Communicator* self) {
  const char* const pattern = getenv("NCCL_DEBUG_FILE");
  if (pattern == nullptr) {
    return;
  }
  std::string path = pattern;
  if (const size_t pid = path.find("%p"); pid != std::string::npos) {
    path.replace(pid, 2, std::to_string(getpid()));
  }
  if (FILE* const file = fopen(path.c_str(), "a"); file != nullptr) {
    fprintf(file, "emulated: rank %d nranks %d - Init COMPLETE\n", self->rank,
            self->size);
    fclose(file);
  }
}

}  // namespace

namespace emulation {

Result Fail(Result result, const std::string& text) {
  last_error = text;
  return result;
}

void NoteError(const std::string& text) { last_error = text; }

bool IsLive(Communicator* communicator) {
  const std::lock_guard<std::mutex> lock(mutex);
  return live.count(communicator) != 0;
}

Result Refused(Communicator* communicator, const char* function) {
  if (communicator == nullptr) {
    return kSuccess;
  }
  if (!IsLive(communicator)) {
    return Fail(kInvalidArgument,
                std::string(function) + ": no such communicator");
  }
  return communicator->in_progress && communicator->async_error == 0
             ? Fail(kInvalidArgument,
                    std::string(function) +
                        ": the operation before is still in progress")
             : kSuccess;
}

Result Make(Communicator* self, std::function<Result()> call) {
  ++self->calls;
  if (self->blocking) {
    const Result result = call();
    --self->calls;
    return result;
  }
  self->in_progress = true;
  std::thread([self, call = std::move(call)] {
    const Result result = call();
    if (result != kSuccess) {
      SetAsyncError(self, result, last_error);
    }
    --self->calls;
    self->in_progress = false;
  }).detach();
  return kInProgress;
}

}  // namespace emulation

CAIRN_EMULATED int ncclGetVersion(int* version) {
  *version = 22900;
  return kSuccess;
}

CAIRN_EMULATED int ncclGetUniqueId(UniqueId* id) {
  ENTER(static_cast<Communicator*>(nullptr))
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

namespace {

// As NCCL does, which then goes back to the caller's device, whatever that is.
void VisitDevice(const Communicator* self) {
  int before = 0;
  cudaGetDevice(&before);
  cudaSetDevice(self->device);
  cudaSetDevice(before);
}

// The head of ncclConfig_t.
struct Config {
  size_t size;
  unsigned magic, version;
  int blocking;
};

Result Join(Communicator* self, const std::string& name) {
  AwaitJoining();
  Shared* const shared = Map(name.c_str());
  if (shared == nullptr) {
    return Fail(kSystemError, "no shared memory: " + name);
  }
  self->shared = shared;
  shared->ranks[self->rank].pid = getpid();
  ++shared->joined;
  while (shared->joined < self->size && !self->aborted) {
    usleep(200);  // for ever, if a rank is missing
  }
  shm_unlink(name.c_str());
  Log(self);
  ForgetIssues(nullptr);  // ranks begin alike, whatever went wrong before
  return kSuccess;
}

Result Init(Communicator** made, int size, const UniqueId& id, int rank,
            bool blocking) {
  if (size < 1 || size > kMostRanks || rank < 0 || rank >= size) {
    return Fail(kInvalidArgument, "no such rank");
  }
  auto* const self = new Communicator;
  self->rank = rank;
  self->size = size;
  self->name = std::hash<std::string>()(id.text) | 1;
  self->blocking = blocking;
  cudaGetDevice(&self->device);
  const auto add = [self] {
    const std::lock_guard<std::mutex> lock(mutex);
    live.insert(self);
  };
  if (!blocking) {
    add();
    *made = self;
    return Make(self,
                [=, name = std::string(id.text)] { return Join(self, name); });
  }
  const Result result = Join(self, id.text);
  if (result == kSuccess) {
    add();
    *made = self;
  }
  return result;
}

}  // namespace

CAIRN_EMULATED int ncclCommInitRank(Communicator** made, int size, UniqueId id,
                                    int rank) {
  ENTER(static_cast<Communicator*>(nullptr))
  return Init(made, size, id, rank, true);
}

CAIRN_EMULATED int ncclCommInitRankConfig(Communicator** made, int size,
                                          UniqueId id, int rank,
                                          const Config* config) {
  ENTER(static_cast<Communicator*>(nullptr))
  return Init(made, size, id, rank, config == nullptr || config->blocking != 0);
}

// All ranks of a host are needed, as NCCL's reference says: for ever, if one of
// them is dead, or has aborted.
CAIRN_EMULATED int ncclCommDestroy(Communicator* self) {
  ENTER(self)
  VisitDevice(self);
  while (self->pending != 0) {
    usleep(50);
  }
  self->shared->ranks[self->rank].left = kDestroys;
  for (int peer = 0; peer < self->size; ++peer) {
    while (self->shared->ranks[peer].left != kDestroys) {
      usleep(200);
    }
  }
  Forget(self);
  return kSuccess;
}

// Does its work even if it is to fail: what it ends must not go on. Does not
// wait until it has ended: it may be behind what another communicator hangs in.
CAIRN_EMULATED int ncclCommAbort(Communicator* self) {
  if (!IsLive(self)) {
    return Fail(kInvalidArgument, "ncclCommAbort: no such communicator");
  }
  if (self->blocking && self->calls > 0) {
    NoteUnsafeAbort();
  }
  VisitDevice(self);
  self->aborted = true;
  if (self->shared != nullptr) {
    self->shared->ranks[self->rank].left = kAborted;
  }
  Forget(self);
  ENTER(static_cast<Communicator*>(nullptr))
  return kSuccess;
}

CAIRN_EMULATED const char* ncclGetLastError(Communicator*) {
  return last_error.c_str();
}

// A native of dev.cairn.comm.nccl.EmulatedNccl; the others are in
// nccl_fault.cpp.
CAIRN_EMULATED int Java_dev_cairn_comm_nccl_EmulatedNccl_liveCommunicators(
    void*, void*) {
  const std::lock_guard<std::mutex> lock(mutex);
  return static_cast<int>(live.size());
}
