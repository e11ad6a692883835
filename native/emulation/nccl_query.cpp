// The functions of NCCL that ask about a communicator or a result, and those
// that are not emulated; see NCCL's API reference for what they do.

#include <stdio.h>

#include <string>

#include "nccl.h"

using namespace emulation;

CAIRN_EMULATED int ncclCommGetAsyncError(Communicator* self, int* error) {
  if (const int injected = QueryError(); injected != 0) {
    return Fail(static_cast<Result>(injected),
                std::string("injected into ") + __func__);
  }
  if (!IsLive(self)) {
    return Fail(kInvalidArgument,
                std::string(__func__) + ": no such communicator");
  }
  *error = self->async_error;
  if (*error == 0 && self->in_progress) {
    *error = kInProgress;
    return kSuccess;
  }
  if (*error != 0) {
    NoteError(self->text);
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

CAIRN_EMULATED int ncclCommCuDevice(Communicator* self, int* device) {
  ENTER(self)
  *device = self->device;
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
    case kInProgress:
      return "NCCL operation in progress";
    case kRemoteError:
      return "remote process exited or there was a network error";
    default:
      return "unknown result code";
  }
}

// All other functions that the bindings for Java want.
#define NOT_EMULATED(function)                                        \
  CAIRN_EMULATED int function() {                                     \
    fprintf(stderr, "NCCL emulation: not emulated: %s\n", #function); \
    return kInvalidUsage;                                             \
  }
#include "unemulated_nccl.inc"
