// As runtime.cpp: streams, events and graphs.

#include "emulated_runtime.h"
#include "emulation.h"
#include "runtime_call.h"

using emulation::EnterCall;
using emulation::Keep;

// Streams.

CAIRN_EMULATED cudaError_t cudaStreamCreateWithFlags(void** stream,
                                                     unsigned flags) {
  ENTER
  return Keep(emulation::CreateStream((flags & 1U) == 0, stream));
}

CAIRN_EMULATED cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const emulation::Error told = EnterCall(__func__);
  const emulation::Error error = emulation::DestroyStream(stream);
  return Keep(told != emulation::kSuccess ? told : error);
}

CAIRN_EMULATED cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  ENTER_UNSAFE
  emulation::NoteSpin();
  const emulation::Error error = emulation::WaitForStream(stream);
  return Keep(error != emulation::kSuccess ? error : EnterCall(nullptr));
}

CAIRN_EMULATED cudaError_t cudaStreamWaitEvent(cudaStream_t stream, void* event,
                                               unsigned) {
  ENTER
  emulation::PointReference point;
  const emulation::Error error = emulation::PointOf(event, &point);
  if (error != emulation::kSuccess || emulation::SkipsStreamWait()) {
    return Keep(error);
  }
  return Keep(emulation::QueueWait(stream, point));
}

// Events.

CAIRN_EMULATED cudaError_t cudaEventCreateWithFlags(void** event,
                                                    unsigned flags) {
  constexpr unsigned kBlockingSync = 1;
  ENTER
  return Keep(emulation::CreateEvent((flags & kBlockingSync) != 0, event));
}

CAIRN_EMULATED cudaError_t cudaEventDestroy(void* event) {
  const emulation::Error told = EnterCall(__func__);
  const emulation::Error error = emulation::DestroyEvent(event);
  return Keep(told != emulation::kSuccess ? told : error);
}

CAIRN_EMULATED cudaError_t cudaEventRecord(void* event, cudaStream_t stream) {
  ENTER
  return Keep(emulation::RecordEvent(event, stream));
}

CAIRN_EMULATED cudaError_t cudaEventQuery(void* event) {
  ENTER_UNSAFE
  emulation::PointReference point;
  const emulation::Error error = emulation::PointOf(event, &point);
  return Keep(error != emulation::kSuccess ? error
              : emulation::IsDone(point)   ? emulation::kSuccess
                                           : emulation::kNotReady);
}

CAIRN_EMULATED cudaError_t cudaEventSynchronize(void* event) {
  ENTER_UNSAFE
  emulation::PointReference point;
  bool blocks;
  const emulation::Error error = emulation::PointOf(event, &point, &blocks);
  if (error == emulation::kSuccess && !emulation::SkipsHostWait()) {
    if (!blocks) {
      emulation::NoteSpin();
    }
    emulation::WaitFor(point);
  }
  return Keep(error != emulation::kSuccess ? error : EnterCall(nullptr));
}

CAIRN_EMULATED cudaError_t cudaEventElapsedTime(float* millis, void* from,
                                                void* to) {
  ENTER
  emulation::PointReference begin;
  emulation::PointReference end;
  emulation::Error error = emulation::PointOf(from, &begin);
  error = error == emulation::kSuccess ? emulation::PointOf(to, &end) : error;
  if (error != emulation::kSuccess || !emulation::IsDone(begin) ||
      !emulation::IsDone(end)) {
    return Keep(error != emulation::kSuccess ? error : emulation::kNotReady);
  }
  *millis = emulation::MillisBetween(begin, end);
  return emulation::kSuccess;
}

// Graphs, as far as whoever does not capture one notices.

CAIRN_EMULATED cudaError_t cudaStreamBeginCapture(cudaStream_t stream,
                                                  int mode) {
  ENTER
  return Keep(emulation::BeginCapture(stream, mode));
}

CAIRN_EMULATED cudaError_t cudaStreamEndCapture(cudaStream_t stream,
                                                void** graph) {
  ENTER
  *graph = nullptr;
  return Keep(emulation::EndCapture(stream));
}

CAIRN_EMULATED cudaError_t cudaThreadExchangeStreamCaptureMode(int* mode) {
  *mode = emulation::ExchangeCaptureMode(*mode);
  return emulation::kSuccess;
}
