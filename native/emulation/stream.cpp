// Streams, each a thread that runs its work late and in order.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "driver.h"
#include "emulation.h"

namespace emulation {

class Point {
 public:
  bool done = false;
  std::chrono::steady_clock::time_point when;
};

namespace {

struct Queued {
  std::vector<PointReference> after;
  Work work;
  PointReference point;
};

struct Stream {
  int device;
  bool waits_for_default;
  bool closed = false;
  std::deque<Queued> queue;
  PointReference last;  // of what was queued last; null before that
  std::mt19937_64 random;
};
using StreamReference = std::shared_ptr<Stream>;

// Under one lock, but for what streams do.
struct State {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<uintptr_t, StreamReference> streams;
  std::map<int, StreamReference> default_streams;  // by device
  // The last work of destroyed streams, by device.
  std::multimap<int, PointReference> closing;
  uint64_t created = 0;
};

State& TheState() {
  static State* const state = new State;
  return *state;
}

void Run(const StreamReference& stream) {
  cairn_emulated_run_on(stream->device);
  State& state = TheState();
  std::unique_lock<std::mutex> lock(state.mutex);
  while (true) {
    state.changed.wait(
        lock, [&] { return !stream->queue.empty() || stream->closed; });
    if (stream->queue.empty()) {
      return;
    }
    Queued next = std::move(stream->queue.front());
    stream->queue.pop_front();
    const auto lateness = Lateness(stream->random);
    lock.unlock();
    std::this_thread::sleep_for(lateness);
    lock.lock();
    for (const PointReference& point : next.after) {
      state.changed.wait(lock, [&] { return point->done; });
    }
    lock.unlock();
    int error = EnterWork();
    if (error == kSuccess && next.work) {
      error = next.work();
    }
    if (error != kSuccess) {
      SetFault(error);
    }
    next.work = nullptr;
    lock.lock();
    next.point->done = true;
    next.point->when = std::chrono::steady_clock::now();
    state.changed.notify_all();
  }
}

StreamReference Start(State& state, int device, bool waits_for_default) {
  auto stream = std::make_shared<Stream>();
  stream->device = device;
  stream->waits_for_default = waits_for_default;
  stream->random.seed(
      static_cast<uint64_t>(Setting("CAIRN_EMULATION_SEED", 1)) * 1'000'003 +
      state.created++);
  std::thread(Run, stream).detach();
  return stream;
}

StreamReference FindStream(State& state, void* handle) {
  if (handle == nullptr) {
    StreamReference& found = state.default_streams[CurrentDevice()];
    if (found == nullptr) {
      found = Start(state, CurrentDevice(), false);
    }
    return found;
  }
  const auto found = state.streams.find(reinterpret_cast<uintptr_t>(handle));
  return found == state.streams.end() ? nullptr : found->second;
}

// The default stream waits for all streams that wait for it, and they for it.
std::vector<PointReference> Before(State& state, void* handle,
                                   const StreamReference& stream) {
  std::vector<PointReference> points;
  const auto add = [&points](const StreamReference& other) {
    if (other->last != nullptr && !other->last->done) {
      points.push_back(other->last);
    }
  };
  if (handle == nullptr) {
    for (const auto& [number, other] : state.streams) {
      if (other->waits_for_default && other->device == stream->device) {
        add(other);
      }
    }
  } else if (stream->waits_for_default &&
             state.default_streams.count(stream->device) != 0) {
    add(state.default_streams[stream->device]);
  }
  return points;
}

// With the lock held.
Error Enqueue(State& state, void* handle, Work work, PointReference also_after,
              PointReference* point) {
  const StreamReference stream = FindStream(state, handle);
  if (stream == nullptr) {
    return kInvalidHandle;
  }
  if (IsCaptured(handle)) {
    return kSuccess;
  }
  Queued queued{Before(state, handle, stream), std::move(work),
                std::make_shared<Point>()};
  if (also_after != nullptr) {
    queued.after.push_back(std::move(also_after));
  }
  stream->last = queued.point;
  if (point != nullptr) {
    *point = queued.point;
  }
  stream->queue.push_back(std::move(queued));
  state.changed.notify_all();
  return kSuccess;
}

}  // namespace

uintptr_t NewHandle() {
  static std::atomic<uintptr_t> next{0x10};
  return next++;
}

Error CreateStream(bool waits_for_default, void** stream) {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  const uintptr_t handle = NewHandle();
  state.streams[handle] = Start(state, CurrentDevice(), waits_for_default);
  *stream = reinterpret_cast<void*>(handle);
  return kSuccess;
}

// Its work is still done; its thread ends after that.
Error DestroyStream(void* stream) {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  const auto found = state.streams.find(reinterpret_cast<uintptr_t>(stream));
  if (found == state.streams.end()) {
    return kInvalidHandle;
  }
  found->second->closed = true;
  state.closing.emplace(found->second->device, found->second->last);
  state.streams.erase(found);
  state.changed.notify_all();
  return kSuccess;
}

Error Queue(void* stream, Work work, PointReference* point) {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  return Enqueue(state, stream, std::move(work), nullptr, point);
}

Error QueueKernel(void* stream, Work work) {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  const StreamReference on = FindStream(state, stream);
  return on == nullptr || on->device != CurrentDevice()
             ? kInvalidHandle
             : Enqueue(state, stream, std::move(work), nullptr, nullptr);
}

Error QueueWait(void* stream, const PointReference& point) {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  return Enqueue(state, stream, nullptr, point, nullptr);
}

void WaitFor(const PointReference& point) {
  State& state = TheState();
  std::unique_lock<std::mutex> lock(state.mutex);
  state.changed.wait(lock, [&] { return point == nullptr || point->done; });
}

bool IsDone(const PointReference& point) {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  return point == nullptr || point->done;
}

Error WaitForStream(void* handle) {
  State& state = TheState();
  std::unique_lock<std::mutex> lock(state.mutex);
  const StreamReference stream = FindStream(state, handle);
  if (stream == nullptr) {
    return kInvalidHandle;
  }
  const PointReference last = stream->last;
  state.changed.wait(lock, [&] { return last == nullptr || last->done; });
  return kSuccess;
}

void WaitForAllStreams() {
  for (int device = 0; device < DeviceCount(); ++device) {
    WaitForDevice(device);
  }
}

void WaitForDevice(int device) {
  std::vector<PointReference> points;
  {
    State& state = TheState();
    const std::lock_guard<std::mutex> lock(state.mutex);
    for (const auto& [handle, stream] : state.streams) {
      if (stream->device == device) {
        points.push_back(stream->last);
      }
    }
    if (const auto found = state.default_streams.find(device);
        found != state.default_streams.end()) {
      points.push_back(found->second->last);
    }
    const auto closing = state.closing.equal_range(device);
    for (auto one = closing.first; one != closing.second; ++one) {
      points.push_back(one->second);
    }
    state.closing.erase(closing.first, closing.second);
  }
  for (const PointReference& point : points) {
    WaitFor(point);
  }
}

int DeviceOf(void* handle) {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  const StreamReference stream = FindStream(state, handle);
  return stream == nullptr ? -1 : stream->device;
}

float MillisBetween(const PointReference& from, const PointReference& to) {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  return std::chrono::duration<float, std::milli>(to->when - from->when)
      .count();
}

int LiveHandles() {
  const int events = LiveEvents();
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  return static_cast<int>(state.streams.size()) + events;
}

}  // namespace emulation
