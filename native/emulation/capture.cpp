// The capture of a stream's work into a graph, of which there is one at a time.

#include <mutex>

#include "emulation.h"

namespace emulation {
namespace {

// cudaStreamCaptureMode.
enum Mode : int { kGlobal = 0, kThreadLocal = 1, kRelaxed = 2 };

std::mutex mutex;
void* captured = nullptr;
int captured_mode = kRelaxed;
const void* capturing_thread = nullptr;
bool invalidated = false;
thread_local int thread_mode = kGlobal;

}  // namespace

int BeginCapture(void* stream, int mode) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (stream == nullptr || captured != nullptr) {
    return kCaptureUnsupported;
  }
  captured = stream;
  captured_mode = mode;
  capturing_thread = &thread_mode;
  invalidated = false;
  return kSuccess;
}

int EndCapture(void* stream) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (stream != captured) {
    return kInvalidValue;
  }
  captured = nullptr;
  return invalidated ? kCaptureInvalidated : kSuccess;
}

int ExchangeCaptureMode(int mode) {
  const int before = thread_mode;
  thread_mode = mode;
  return before;
}

bool IsCaptured(void* stream) {
  const std::lock_guard<std::mutex> lock(mutex);
  return stream != nullptr && stream == captured;
}

Error CheckCapture() {
  const std::lock_guard<std::mutex> lock(mutex);
  const bool own = capturing_thread == &thread_mode;
  if (captured == nullptr || thread_mode == kRelaxed ||
      captured_mode == kRelaxed ||
      (!own &&
       (captured_mode == kThreadLocal || thread_mode == kThreadLocal))) {
    return kSuccess;
  }
  invalidated = true;
  return kCaptureUnsupported;
}

}  // namespace emulation
