// CRC32C with the instructions of ARMv8, three independent streams at once: one
// instruction takes two or three cycles but a new one may start every cycle.

#include <arm_acle.h>
#include <string.h>

#include "crc32c.h"
#include "table.h"

namespace cairn {
namespace {

constexpr int64_t kStripe = 4096;

inline uint64_t LoadWord(const uint8_t* source) {
  uint64_t word;
  memcpy(&word, source, sizeof(word));
  return word;
}

}  // namespace

uint32_t ChecksumArm(uint32_t state, const uint8_t* source, int64_t bytes) {
  constexpr uint32_t kOne = PowerOfX(8 * kStripe);
  constexpr uint32_t kTwo = PowerOfX(16 * kStripe);
  for (; bytes >= 3 * kStripe; bytes -= 3 * kStripe, source += 3 * kStripe) {
    uint32_t second = 0;
    uint32_t third = 0;
    for (int64_t i = 0; i < kStripe; i += 8) {
      state = __crc32cd(state, LoadWord(source + i));
      second = __crc32cd(second, LoadWord(source + kStripe + i));
      third = __crc32cd(third, LoadWord(source + 2 * kStripe + i));
    }
    state = Multiply(state, kTwo) ^ Multiply(second, kOne) ^ third;
  }
  for (; bytes >= 8; bytes -= 8, source += 8) {
    state = __crc32cd(state, LoadWord(source));
  }
  for (; bytes > 0; --bytes, ++source) {
    state = __crc32cb(state, *source);
  }
  return state;
}

}  // namespace cairn
