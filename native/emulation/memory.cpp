// Device memory, whose addresses host code cannot touch, and pinned memory.

#include <string.h>
#include <sys/mman.h>

#include <map>
#include <vector>

#include "emulation.h"

namespace emulation {
namespace {

constexpr size_t kPageBytes = 4096;
constexpr size_t kSpaceBytes = size_t{1} << 40;
constexpr uint8_t kUnwritten = 0xCD;
constexpr uint8_t kSlack = 0x5C;

struct Block {
  size_t length_bytes;
  size_t mapped_bytes;
  Kind kind;
  int device;
  uint8_t* real;
};

struct Memory {
  std::mutex mutex;
  // The addresses that callers see, without access, and as long a range in
  // which the bytes really are. Addresses are never used twice.
  uintptr_t seen = 0;
  uint8_t* real = nullptr;
  size_t used_bytes = kPageBytes;
  std::map<uintptr_t, Block> blocks;
  std::vector<size_t> device_bytes = std::vector<size_t>(64);
  size_t pinned_bytes = 0;
};

Memory& TheMemory() {
  static Memory* const memory = [] {
    auto* made = new Memory;
    const auto reserve = [] {
      return mmap(nullptr, kSpaceBytes, PROT_NONE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    };
    made->seen = reinterpret_cast<uintptr_t>(reserve());
    made->real = static_cast<uint8_t*>(reserve());
    return made;
  }();
  return *memory;
}

size_t WholePages(size_t bytes) {
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

// The block that an address lies in or behind.
std::map<uintptr_t, Block>::iterator BlockAt(Memory& memory,
                                             uintptr_t address) {
  auto after = memory.blocks.upper_bound(address);
  if (after == memory.blocks.begin()) {
    return memory.blocks.end();
  }
  --after;
  return address < after->first + after->second.mapped_bytes
             ? after
             : memory.blocks.end();
}

bool SlackIsUntouched(const Block& block) {
  for (size_t i = block.length_bytes; i < block.mapped_bytes; ++i) {
    if (block.real[i] != kSlack) {
      return false;
    }
  }
  return true;
}

// Opens pages for a block, with a page without access behind them.
Error Open(Memory& memory, size_t length_bytes, Kind kind, void** address) {
  const size_t mapped = WholePages(length_bytes == 0 ? 1 : length_bytes);
  const size_t begin = memory.used_bytes;
  if (begin + mapped + kPageBytes > kSpaceBytes ||
      mprotect(memory.real + begin, mapped, PROT_READ | PROT_WRITE) != 0) {
    return kMemoryAllocation;
  }
  memory.used_bytes = begin + mapped + kPageBytes;
  uint8_t* const real = memory.real + begin;
  memset(real, kUnwritten, length_bytes);
  memset(real + length_bytes, kSlack, mapped - length_bytes);
  const uintptr_t seen = kind == Kind::kDevice
                             ? memory.seen + begin
                             : reinterpret_cast<uintptr_t>(real);
  memory.blocks[seen] = {length_bytes, mapped, kind, CurrentDevice(), real};
  *address = reinterpret_cast<void*>(seen);
  return kSuccess;
}

}  // namespace

size_t DeviceBytes() {
  return static_cast<size_t>(
      Setting("CAIRN_EMULATION_DEVICE_BYTES", int64_t{1} << 30));
}

size_t FreeBytes(int device) {
  Memory& memory = TheMemory();
  const std::lock_guard<std::mutex> lock(memory.mutex);
  return DeviceBytes() - memory.device_bytes[static_cast<size_t>(device)];
}

Error AllocateDevice(void** address, size_t length_bytes) {
  Memory& memory = TheMemory();
  const std::lock_guard<std::mutex> lock(memory.mutex);
  size_t& used = memory.device_bytes[static_cast<size_t>(CurrentDevice())];
  if (length_bytes > DeviceBytes() - used) {
    return kMemoryAllocation;
  }
  const Error error = Open(memory, length_bytes, Kind::kDevice, address);
  used += error == kSuccess ? length_bytes : 0;
  return error;
}

Error AllocatePinned(void** address, size_t length_bytes) {
  static const size_t limit = static_cast<size_t>(
      Setting("CAIRN_EMULATION_PINNED_BYTES", int64_t{1} << 30));
  Memory& memory = TheMemory();
  const std::lock_guard<std::mutex> lock(memory.mutex);
  if (length_bytes > limit - memory.pinned_bytes) {
    return kMemoryAllocation;
  }
  const Error error = Open(memory, length_bytes, Kind::kPinned, address);
  memory.pinned_bytes += error == kSuccess ? length_bytes : 0;
  return error;
}

Kind Find(uintptr_t address, size_t length_bytes, bool* valid, int* device) {
  Memory& memory = TheMemory();
  const std::lock_guard<std::mutex> lock(memory.mutex);
  const auto found = BlockAt(memory, address);
  *valid = true;
  *device = -1;
  if (found == memory.blocks.end()) {
    // What was device memory once is no host memory now.
    *valid = address < memory.seen || address - memory.seen >= kSpaceBytes;
    return Kind::kUnknown;
  }
  const size_t offset = address - found->first;
  *valid = offset <= found->second.length_bytes &&
           length_bytes <= found->second.length_bytes - offset;
  *device = found->second.device;
  return found->second.kind;
}

Error Free(void* address, Kind kind) {
  WaitForAllStreams();
  Memory& memory = TheMemory();
  const std::lock_guard<std::mutex> lock(memory.mutex);
  const auto found = memory.blocks.find(reinterpret_cast<uintptr_t>(address));
  if (found == memory.blocks.end() || found->second.kind != kind) {
    return kInvalidValue;
  }
  const Block block = found->second;
  memory.blocks.erase(found);
  (kind == Kind::kDevice
       ? memory.device_bytes[static_cast<size_t>(block.device)]
       : memory.pinned_bytes) -= block.length_bytes;
  const bool untouched = SlackIsUntouched(block);
  // Not given back: a use after this must fault, not find other memory.
  madvise(block.real, block.mapped_bytes, MADV_DONTNEED);
  mprotect(block.real, block.mapped_bytes, PROT_NONE);
  if (!untouched) {
    SetFault(kIllegalAddress);
    return kIllegalAddress;
  }
  return kSuccess;
}

void* Real(uintptr_t address) {
  Memory& memory = TheMemory();
  const std::lock_guard<std::mutex> lock(memory.mutex);
  const auto found = BlockAt(memory, address);
  return found == memory.blocks.end()
             ? nullptr
             : found->second.real + (address - found->first);
}

int64_t LiveBytes() {
  Memory& memory = TheMemory();
  const std::lock_guard<std::mutex> lock(memory.mutex);
  size_t bytes = 0;
  for (const auto& [address, block] : memory.blocks) {
    bytes += block.length_bytes;
  }
  return static_cast<int64_t>(bytes);
}

}  // namespace emulation
