// F32 to BF16 and to F16 for all 2^32 inputs, and F16 to F32 for all 2^16,
// against the definitions, on every instruction set of this machine.

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "cairn/cpu.h"
#include "check.h"
#include "definition.h"
#include "isa.h"

namespace {

constexpr uint32_t kChunk = 1U << 14;
constexpr uint32_t kChunks = 1U << 18;

// Every F16 begins at a least F32; a chunk ascends within one sign.
void ExpectF16(const std::vector<uint32_t>& least, uint32_t first,
               uint16_t* expected) {
  const uint32_t sign = (first >> 16) & 0x8000U;
  const uint32_t begin = first & 0x7FFFFFFFU;
  uint32_t f16 = 0;
  for (uint32_t step = 0x4000U; step != 0; step >>= 1) {
    if (f16 + step < least.size() && least[f16 + step] <= begin) {
      f16 += step;
    }
  }
  for (uint32_t i = 0; i < kChunk; ++f16) {
    const uint32_t end = f16 + 1 < least.size()
                             ? std::min(least[f16 + 1] - begin, kChunk)
                             : kChunk;
    std::fill(expected + i, expected + end, static_cast<uint16_t>(sign | f16));
    i = end;
  }
  if (begin + kChunk <= 0x7F800000U) {
    return;
  }
  for (uint32_t i = 0; i < kChunk; ++i) {
    if (definition::IsNan(first + i)) {
      expected[i] = definition::F16OfNan(first + i);
    }
  }
}

void Compare(int32_t to, const std::vector<uint32_t>& source,
             const std::vector<uint16_t>& expected,
             std::vector<uint16_t>* actual) {
  for (int32_t isa = CAIRN_ISA_BASELINE; isa <= cairn_isa_supported(); ++isa) {
    // The loops alone: checksums would take most of the time.
    cairn::KernelsOf(isa).casts->cast[CAIRN_F32][to](
        reinterpret_cast<const uint8_t*>(source.data()),
        reinterpret_cast<uint8_t*>(actual->data()), kChunk);
    if (memcmp(expected.data(), actual->data(), kChunk * 2) == 0) {
      continue;
    }
    for (uint32_t i = 0; i < kChunk; ++i) {
      CheckEqual(expected[i], (*actual)[i],
                 "isa=" + std::to_string(isa) + " to=" + std::to_string(to) +
                     " input=" + std::to_string(source[i]));
    }
  }
}

void CompareChunks(const std::vector<uint32_t>& least,
                   std::atomic<uint32_t>* next) {
  std::vector<uint32_t> source(kChunk);
  std::vector<uint16_t> expected(kChunk);
  std::vector<uint16_t> actual(kChunk);
  for (uint32_t chunk = (*next)++; chunk < kChunks; chunk = (*next)++) {
    const uint32_t first = chunk * kChunk;
    for (uint32_t i = 0; i < kChunk; ++i) {
      source[i] = first + i;
    }
    for (uint32_t i = 0; i < kChunk; ++i) {
      expected[i] = definition::Bf16(first + i);
    }
    Compare(CAIRN_BF16, source, expected, &actual);
    ExpectF16(least, first, expected.data());
    Compare(CAIRN_F16, source, expected, &actual);
  }
}

void CompareAllF16() {
  std::vector<uint16_t> source(1U << 16);
  std::vector<uint32_t> actual(source.size());
  for (uint32_t i = 0; i < source.size(); ++i) {
    source[i] = static_cast<uint16_t>(i);
  }
  for (int32_t isa = CAIRN_ISA_BASELINE; isa <= cairn_isa_supported(); ++isa) {
    uint32_t crc = 0;
    cairn_cast(isa, CAIRN_F16, source.data(), CAIRN_F32, actual.data(),
               static_cast<int64_t>(source.size()), &crc);
    for (uint32_t i = 0; i < source.size(); ++i) {
      CheckEqual(definition::F32OfF16(source[i]), actual[i],
                 "isa=" + std::to_string(isa) + " f16=" + std::to_string(i));
    }
  }
}

}  // namespace

int main() {
  std::vector<uint32_t> least;
  for (uint32_t f16 = 0; f16 <= 0x7C00U; ++f16) {
    least.push_back(definition::LeastF32For(f16));
  }
  CompareAllF16();
  std::atomic<uint32_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) {
    threads.emplace_back(CompareChunks, std::cref(least), &next);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  return next >= kChunks ? 0 : 1;
}
