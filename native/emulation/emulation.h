// An emulation of the CUDA runtime for tests, as strict as hardware is; never
// packaged. Here: what its parts know of each other.
//
// Strict means: a stream runs late, and in a random order against others;
// device memory cannot be touched by host code; what was destroyed or freed
// cannot be used again; a fault of a stream makes every later call fail.
#ifndef CAIRN_EMULATION_H_
#define CAIRN_EMULATION_H_

#include <stddef.h>
#include <stdint.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <random>

#define CAIRN_EMULATED extern "C" __attribute__((visibility("default")))

namespace emulation {

// cudaError_t, as far as it is given here.
enum Error : int {
  kSuccess = 0,
  kInvalidValue = 1,
  kMemoryAllocation = 2,
  kInvalidConfiguration = 9,
  kInvalidFunction = 98,
  kNoDevice = 100,
  kInvalidDevice = 101,
  kInvalidContext = 201,
  kInvalidHandle = 400,
  kNotReady = 600,
  kIllegalAddress = 700,
  kNotSupported = 801,
  kCaptureUnsupported = 900,
  kCaptureInvalidated = 901,
};

// An environment variable's number.
int64_t Setting(const char* name, int64_t otherwise);

int DeviceCount();
int CurrentDevice();  // of this thread; 0 if it has none

// Memory.

// Takes memory of the current device, or host memory that devices can access.
Error AllocateDevice(void** address, size_t length_bytes);
Error AllocatePinned(void** address, size_t length_bytes);
// What of a device is neither taken nor reserved for nothing.
size_t FreeBytes(int device);
size_t DeviceBytes();

// kUnknown is pageable host memory, for all that is known.
enum class Kind { kUnknown, kPinned, kDevice };

// Returns what kind of memory a range of bytes is in, wholly; sets valid to
// false if it begins in known memory and ends elsewhere.
Kind Find(uintptr_t address, size_t length_bytes, bool* valid, int* device);

// Frees what was allocated at an address as that kind.
Error Free(void* address, Kind kind);

// Returns where the bytes of known memory really are; null if they have gone.
void* Real(uintptr_t address);

int64_t LiveBytes();  // device and pinned

// Streams and events.

// What an event stands for, once recorded: a point in a stream's work.
class Point;
using PointReference = std::shared_ptr<Point>;

// Work for a stream; returns a cudaError_t.
using Work = std::function<int()>;

// Each of these takes handles as callers have them; 0 is the default stream.
Error CreateStream(bool waits_for_default, void** stream);
Error DestroyStream(void* stream);
Error Queue(void* stream, Work work, PointReference* point = nullptr);
// As Queue; refused unless the stream is of the current device.
Error QueueKernel(void* stream, Work work);
Error QueueWait(void* stream, const PointReference& point);
Error WaitForStream(void* stream);
void WaitForAllStreams();
void WaitForDevice(int device);
bool IsDone(const PointReference& point);
void WaitFor(const PointReference& point);

// blocks: whether the host gives up its processor while it waits for it.
Error CreateEvent(bool blocks, void** event);
Error DestroyEvent(void* event);
Error RecordEvent(void* event, void* stream);
// Null if it was never recorded.
Error PointOf(void* event, PointReference* point, bool* blocks = nullptr);

// Of points that are done.
float MillisBetween(const PointReference& from, const PointReference& to);

int LiveHandles();  // streams and events

// What streams and events tell each other.
uintptr_t NewHandle();       // an address that nobody can touch, used once
int DeviceOf(void* stream);  // -1 if there is no such stream
int LiveEvents();

// While a stream is captured into a graph, nothing is queued on it, and no
// thread may make a call that could wait, unless it has asked for relaxed mode.
int BeginCapture(void* stream, int mode);
int EndCapture(void* stream);
int ExchangeCaptureMode(int mode);
bool IsCaptured(void* stream);
// Of a call that could wait, or allocates.
Error CheckCapture();

// Errors.

// What every call begins with: the error that it fails with before or, if it
// releases something, after doing its work. The current device has a context
// from then on, be it one that nobody chose.
Error EnterCall(const char* function);
// What a call returns; an error is this thread's last one.
int Keep(int error);
// The error of a stream, which all later calls give.
void SetFault(int error);
// As for EnterCall, but for one piece of a stream's work.
int EnterWork();
// What tests of tests ask for: whether this wait is to be left out, as a caller
// that forgot it would.
bool SkipsStreamWait();
bool SkipsHostWait();
// Notes that a thread has waited without giving up its processor.
void NoteSpin();
// How late a stream is with its next work.
std::chrono::microseconds Lateness(std::mt19937_64& random);
// Notes that a function was called that is not emulated.
int NotEmulated(const char* function);
const char* NotEmulatedText();

}  // namespace emulation

#endif  // CAIRN_EMULATION_H_
