// The entry points: check, choose the instruction set, go block by block.

#include "cairn/cpu.h"

#include <string.h>

#include "crc32c.h"
#include "float_mode.h"
#include "isa.h"
#include "table.h"

namespace cairn {
namespace {

// Output bytes between two visits of the checksum: they are still in the cache.
constexpr int64_t kBlockBytes = 16 * 1024;

constexpr uintptr_t kCacheLineBytes = 64;

constexpr int64_t kElementBytes[kTypes] = {8, 4, 2, 2};

int32_t CheckIsa(int32_t isa) {
  if (isa < CAIRN_ISA_BASELINE || isa > CAIRN_ISA_AVX512) {
    return CAIRN_BAD_ARGUMENT;
  }
  return isa <= SupportedIsa() ? CAIRN_OK : CAIRN_UNSUPPORTED;
}

bool Overlap(const void* source, int64_t source_bytes, const void* target,
             int64_t target_bytes) {
  const uintptr_t s = reinterpret_cast<uintptr_t>(source);
  const uintptr_t t = reinterpret_cast<uintptr_t>(target);
  return s < t + static_cast<uintptr_t>(target_bytes) &&
         t < s + static_cast<uintptr_t>(source_bytes);
}

void CastBlocks(Cast cast, Checksum checksum, const uint8_t* source,
                int64_t source_width, uint8_t* target, int64_t target_width,
                int64_t elements, uint32_t* crc) {
  const int64_t block = kBlockBytes / target_width;
  uint32_t state = crc == nullptr ? 0 : ~*crc;
  // The first block ends where a cache line of the source begins: loads that
  // cross lines take half as long again.
  int64_t most =
      block - static_cast<int64_t>(reinterpret_cast<uintptr_t>(source) %
                                   kCacheLineBytes) /
                  source_width;
  while (elements > 0) {
    const int64_t count = elements < most ? elements : most;
    cast(source, target, count);
    if (crc != nullptr) {
      state = checksum(state, target, count * target_width);
    }
    source += count * source_width;
    target += count * target_width;
    elements -= count;
    most = block;
  }
  if (crc != nullptr) {
    *crc = ~state;
  }
}

}  // namespace
}  // namespace cairn

int32_t cairn_cpu_abi(void) noexcept { return CAIRN_CPU_ABI; }

int32_t cairn_isa_supported(void) noexcept { return cairn::SupportedIsa(); }

int32_t cairn_cast(int32_t isa, int32_t from, const void* source, int32_t to,
                   void* target, int64_t elements, uint32_t* crc) noexcept {
  using namespace cairn;
  if (const int32_t status = CheckIsa(isa); status != CAIRN_OK) {
    return status;
  }
  if (from < 0 || from >= kTypes || to < 0 || to >= kTypes || elements < 0 ||
      elements > INT64_MAX / 8) {
    return CAIRN_BAD_ARGUMENT;
  }
  const Cast cast = KernelsOf(isa).casts->cast[from][to];
  if (cast == nullptr) {
    return CAIRN_BAD_ARGUMENT;
  }
  if (elements == 0) {
    return CAIRN_OK;
  }
  if (source == nullptr || target == nullptr ||
      Overlap(source, elements * kElementBytes[from], target,
              elements * kElementBytes[to])) {
    return CAIRN_BAD_ARGUMENT;
  }
  const DefaultFloatMode mode;
  CastBlocks(cast, KernelsOf(isa).checksum, static_cast<const uint8_t*>(source),
             kElementBytes[from], static_cast<uint8_t*>(target),
             kElementBytes[to], elements, crc);
  return CAIRN_OK;
}

int32_t cairn_copy(int32_t isa, const void* source, void* target,
                   int64_t length_bytes, uint32_t* crc) noexcept {
  using namespace cairn;
  if (source == target && crc != nullptr) {
    return cairn_crc32c(isa, source, length_bytes, crc);
  }
  if (const int32_t status = CheckIsa(isa); status != CAIRN_OK) {
    return status;
  }
  if (length_bytes < 0) {
    return CAIRN_BAD_ARGUMENT;
  }
  if (length_bytes == 0 || source == target) {
    return CAIRN_OK;
  }
  if (source == nullptr || target == nullptr ||
      Overlap(source, length_bytes, target, length_bytes)) {
    return CAIRN_BAD_ARGUMENT;
  }
  if (crc == nullptr) {
    memcpy(target, source, static_cast<size_t>(length_bytes));
    return CAIRN_OK;
  }
  const auto copy = [](const uint8_t* from, uint8_t* to, int64_t bytes) {
    memcpy(to, from, static_cast<size_t>(bytes));
  };
  CastBlocks(copy, KernelsOf(isa).checksum, static_cast<const uint8_t*>(source),
             1, static_cast<uint8_t*>(target), 1, length_bytes, crc);
  return CAIRN_OK;
}

int32_t cairn_crc32c(int32_t isa, const void* source, int64_t length_bytes,
                     uint32_t* crc) noexcept {
  using namespace cairn;
  if (const int32_t status = CheckIsa(isa); status != CAIRN_OK) {
    return status;
  }
  if (length_bytes < 0 || crc == nullptr ||
      (source == nullptr && length_bytes > 0)) {
    return CAIRN_BAD_ARGUMENT;
  }
  *crc = ~KernelsOf(isa).checksum(~*crc, static_cast<const uint8_t*>(source),
                                  length_bytes);
  return CAIRN_OK;
}

int32_t cairn_add_product(int32_t isa, int32_t type, void* tile, int64_t first,
                          int64_t elements, int64_t columns, const float* left,
                          const float* panels, int64_t rank) noexcept {
  const int32_t status = cairn::CheckIsa(isa);
  if (status != CAIRN_OK) {
    return status;
  }
  if ((type != CAIRN_F32 && type != CAIRN_BF16) || first < 0 || elements < 0 ||
      columns < 1 || rank < 1 || tile == nullptr || left == nullptr ||
      panels == nullptr) {
    return CAIRN_BAD_ARGUMENT;
  }
  const cairn::Kernels kernels = cairn::KernelsOf(isa);
  kernels.product(type, tile, first, elements, columns, left, panels, rank,
                  kernels.has_pairs);
  return CAIRN_OK;
}

uint32_t cairn_crc32c_shift(uint32_t crc, int64_t length_bytes) noexcept {
  return cairn::Multiply(
      crc, cairn::PowerOfBytes(static_cast<uint64_t>(length_bytes)));
}
