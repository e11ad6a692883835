// Errors that tests ask for, texts of errors, and what tests find out.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <atomic>

#include "driver.h"
#include "emulation.h"

namespace emulation {
namespace {

// The call, or the piece of work, that is to fail: counted down to 0.
std::atomic<int> calls_left{0};
std::atomic<int> call_error{0};
std::atomic<int> work_left{0};
std::atomic<int> work_error{0};
std::atomic<int> fault{0};
// Which waits of streams for events are left out: the first of them, and then
// each so many calls later; 0 is never.
std::atomic<int> waits_until_skip{0};
std::atomic<int> skip_every{0};
std::atomic<bool> host_waits_skipped{false};
std::atomic<int> spins{0};
thread_local int last_error = kSuccess;
thread_local char not_emulated[128] = "not emulated";

// True once: when the count that was set has been reached.
bool Reached(std::atomic<int>& left) {
  int before = left.load();
  while (before > 0 && !left.compare_exchange_weak(before, before - 1)) {
  }
  return before == 1;
}

}  // namespace

int64_t Setting(const char* name, int64_t otherwise) {
  const char* text = getenv(name);
  return text == nullptr ? otherwise : strtoll(text, nullptr, 10);
}

// Without a function: only whether a stream has failed.
Error EnterCall(const char* function) {
  cairn_emulated_set_device(CurrentDevice());
  if (const int error = fault.load(); error != 0) {
    return static_cast<Error>(error);
  }
  if (function != nullptr && Reached(calls_left)) {
    return static_cast<Error>(call_error.load());
  }
  return kSuccess;
}

int EnterWork() { return Reached(work_left) ? work_error.load() : kSuccess; }

bool SkipsStreamWait() {
  if (skip_every == 0 || waits_until_skip.fetch_sub(1) > 0) {
    return false;
  }
  waits_until_skip = skip_every - 1;
  return true;
}

bool SkipsHostWait() { return host_waits_skipped; }

void NoteSpin() { ++spins; }

// Late: half of the time hardly, now and then by milliseconds.
std::chrono::microseconds Lateness(std::mt19937_64& random) {
  const uint64_t kind = random() % 100;
  const uint64_t most = kind < 50   ? 1
                        : kind < 85 ? 200
                        : kind < 98 ? 1500
                                    : 6000;
  return std::chrono::microseconds(random() % most);
}

int Keep(int error) {
  if (error != kSuccess) {
    last_error = error;
  }
  return error;
}

void SetFault(int error) {
  int none = 0;
  fault.compare_exchange_strong(none, error);
}

int NotEmulated(const char* function) {
  snprintf(not_emulated, sizeof(not_emulated), "not emulated: %s", function);
  fprintf(stderr, "CUDA emulation: %s\n", not_emulated);
  return kNotSupported;
}

const char* NotEmulatedText() { return not_emulated; }

}  // namespace emulation

CAIRN_EMULATED int cudaGetLastError() {
  const int error = emulation::last_error;
  emulation::last_error = emulation::kSuccess;
  return error;
}

CAIRN_EMULATED int cudaPeekAtLastError() { return emulation::last_error; }

CAIRN_EMULATED const char* cudaGetErrorName(int error) {
  switch (error) {
    case emulation::kSuccess:
      return "cudaSuccess";
    case emulation::kInvalidValue:
      return "cudaErrorInvalidValue";
    case emulation::kMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case emulation::kInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case emulation::kInvalidFunction:
      return "cudaErrorInvalidDeviceFunction";
    case emulation::kNoDevice:
      return "cudaErrorNoDevice";
    case emulation::kInvalidDevice:
      return "cudaErrorInvalidDevice";
    case emulation::kInvalidHandle:
      return "cudaErrorInvalidResourceHandle";
    case emulation::kNotReady:
      return "cudaErrorNotReady";
    case emulation::kIllegalAddress:
      return "cudaErrorIllegalAddress";
    case emulation::kNotSupported:
      return "cudaErrorNotSupported";
    case emulation::kCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
    case emulation::kCaptureInvalidated:
      return "cudaErrorStreamCaptureInvalidated";
    default:
      return "unrecognized error code";
  }
}

CAIRN_EMULATED const char* cudaGetErrorString(int error) {
  switch (error) {
    case emulation::kSuccess:
      return "no error";
    case emulation::kInvalidValue:
      return "invalid argument";
    case emulation::kMemoryAllocation:
      return "out of memory";
    case emulation::kInvalidConfiguration:
      return "invalid configuration argument";
    case emulation::kInvalidFunction:
      return "invalid device function";
    case emulation::kNoDevice:
      return "no CUDA-capable device is detected";
    case emulation::kInvalidDevice:
      return "invalid device ordinal";
    case emulation::kInvalidHandle:
      return "invalid resource handle";
    case emulation::kNotReady:
      return "device not ready";
    case emulation::kIllegalAddress:
      return "an illegal memory access was encountered";
    case emulation::kNotSupported:
      return emulation::NotEmulatedText();
    case emulation::kCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case emulation::kCaptureInvalidated:
      return "operation failed due to a previous error during capture";
    default:
      return "unrecognized error code";
  }
}

// Natives of dev.cairn.device.Emulation, which takes and gives numbers only.

CAIRN_EMULATED void Java_dev_cairn_device_Emulation_failCall(void*, void*,
                                                             int nth,
                                                             int error) {
  emulation::call_error = error;
  emulation::calls_left = nth;
}

CAIRN_EMULATED void Java_dev_cairn_device_Emulation_failWork(void*, void*,
                                                             int nth,
                                                             int error) {
  emulation::work_error = error;
  emulation::work_left = nth;
}

CAIRN_EMULATED uint8_t Java_dev_cairn_device_Emulation_failureIsPending(void*,
                                                                        void*) {
  return emulation::calls_left > 0 || emulation::work_left > 0 ? 1 : 0;
}

CAIRN_EMULATED void Java_dev_cairn_device_Emulation_skipStreamWaits(void*,
                                                                    void*,
                                                                    int first,
                                                                    int every) {
  emulation::waits_until_skip = first;
  emulation::skip_every = every;
}

CAIRN_EMULATED void Java_dev_cairn_device_Emulation_skipHostWaits(
    void*, void*, uint8_t skipped) {
  emulation::host_waits_skipped = skipped != 0;
}

CAIRN_EMULATED int64_t Java_dev_cairn_device_Emulation_contexts(void*, void*) {
  return static_cast<int64_t>(cairn_emulated_contexts());
}

CAIRN_EMULATED int Java_dev_cairn_device_Emulation_spins(void*, void*) {
  return emulation::spins;
}

CAIRN_EMULATED void Java_dev_cairn_device_Emulation_clearFault(void*, void*) {
  emulation::WaitForAllStreams();
  emulation::fault = 0;
}

CAIRN_EMULATED int64_t Java_dev_cairn_device_Emulation_liveBytes(void*, void*) {
  return emulation::LiveBytes();
}

CAIRN_EMULATED int Java_dev_cairn_device_Emulation_liveHandles(void*, void*) {
  return emulation::LiveHandles();
}
