// Events: points in the work of streams.

#include <map>
#include <mutex>

#include "emulation.h"

namespace emulation {
namespace {

struct Event {
  int device;
  bool blocks;
  PointReference point;  // null: never recorded
};

// Under one lock, which is taken before that of the streams.
struct State {
  std::mutex mutex;
  std::map<uintptr_t, Event> events;
};

State& TheState() {
  static State* const state = new State;
  return *state;
}

}  // namespace

Error CreateEvent(bool blocks, void** event) {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  const uintptr_t handle = NewHandle();
  state.events[handle] = {CurrentDevice(), blocks, nullptr};
  *event = reinterpret_cast<void*>(handle);
  return kSuccess;
}

Error DestroyEvent(void* event) {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  return state.events.erase(reinterpret_cast<uintptr_t>(event)) == 1
             ? kSuccess
             : kInvalidHandle;
}

Error PointOf(void* event, PointReference* point, bool* blocks) {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  const auto found = state.events.find(reinterpret_cast<uintptr_t>(event));
  if (found == state.events.end()) {
    return kInvalidHandle;
  }
  *point = found->second.point;
  if (blocks != nullptr) {
    *blocks = found->second.blocks;
  }
  return kSuccess;
}

Error RecordEvent(void* event, void* stream) {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  const auto found = state.events.find(reinterpret_cast<uintptr_t>(event));
  if (found == state.events.end() || found->second.device != DeviceOf(stream)) {
    return kInvalidHandle;
  }
  return Queue(stream, nullptr, &found->second.point);
}

int LiveEvents() {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  return static_cast<int>(state.events.size());
}

}  // namespace emulation
