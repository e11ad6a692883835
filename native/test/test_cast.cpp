// Casts at every size, alignment and instruction set, in buffers that end where
// they must not be left: run under AddressSanitizer.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cairn/cpu.h"
#include "check.h"
#include "definition.h"

namespace {

constexpr int64_t kBytes[] = {8, 4, 2, 2};

uint32_t F32Of(int32_t from, const uint8_t* element) {
  if (from == CAIRN_F64) {
    double value;
    memcpy(&value, element, sizeof(value));
    return definition::BitsOf(static_cast<float>(value));
  }
  uint32_t bits = 0;
  memcpy(&bits, element, static_cast<size_t>(kBytes[from]));
  return from == CAIRN_F32 ? bits
         : from == CAIRN_BF16
             ? bits << 16
             : definition::F32OfF16(static_cast<uint16_t>(bits));
}

const std::vector<uint32_t>& LeastF32s() {
  static const std::vector<uint32_t> least = [] {
    std::vector<uint32_t> made;
    for (uint32_t f16 = 0; f16 <= 0x7C00U; ++f16) {
      made.push_back(definition::LeastF32For(f16));
    }
    return made;
  }();
  return least;
}

uint32_t Expected(uint32_t f32, int32_t to) {
  if (to == CAIRN_F32) {
    return f32;
  }
  if (to == CAIRN_BF16) {
    return definition::Bf16(f32);
  }
  if (definition::IsNan(f32)) {
    return definition::F16OfNan(f32);
  }
  const auto& least = LeastF32s();
  const auto above =
      std::upper_bound(least.begin(), least.end(), f32 & 0x7FFFFFFFU);
  return ((f32 >> 16) & 0x8000U) |
         static_cast<uint32_t>(above - least.begin() - 1);
}

// The source's numbers lie around 1 half of the time, anywhere else.
void Fill(int32_t from, uint8_t* source, int64_t elements, Sequence* sequence) {
  for (int64_t i = 0; i < elements; ++i) {
    uint64_t bits = sequence->Next();
    if (from == CAIRN_F64 && (bits & 1U) != 0) {
      bits = (bits & 0x807FFFFFFFFFFFFFULL) | 0x3F80000000000000ULL;
    } else if (from == CAIRN_F32 && (bits & 1U) != 0) {
      bits = (bits & 0x87FFFFFFU) | 0x38000000U;
    }
    memcpy(source + i * kBytes[from], &bits, static_cast<size_t>(kBytes[from]));
  }
}

void TestCast(int32_t isa, int32_t from, int32_t to, int64_t elements,
              int64_t shift) {
  const std::string where =
      "isa=" + std::to_string(isa) + " from=" + std::to_string(from) +
      " to=" + std::to_string(to) + " elements=" + std::to_string(elements) +
      " shift=" + std::to_string(shift);
  const int64_t source_bytes = elements * kBytes[from];
  const int64_t target_bytes = elements * kBytes[to];
  // Exactly as long as needed: one byte more is AddressSanitizer's.
  const std::unique_ptr<uint8_t[]> in(new uint8_t[source_bytes + shift]);
  const std::unique_ptr<uint8_t[]> out(new uint8_t[target_bytes + shift]);
  uint8_t* source = in.get() + shift;
  uint8_t* target = out.get() + shift;
  Sequence sequence(static_cast<uint64_t>(elements * 64 + shift));
  Fill(from, source, elements, &sequence);
  uint32_t crc = 0xCAFE;
  CheckEqual(CAIRN_OK,
             cairn_cast(isa, from, source, to, target, elements, &crc), where);
  for (int64_t i = 0; i < elements; ++i) {
    uint32_t actual = 0;
    memcpy(&actual, target + i * kBytes[to], static_cast<size_t>(kBytes[to]));
    const uint32_t expected =
        Expected(F32Of(from, source + i * kBytes[from]), to);
    CheckEqual(expected, actual, where + " element " + std::to_string(i));
  }
  CheckEqual(definition::Crc32c(0xCAFE, target, target_bytes), crc, where);
  const std::unique_ptr<uint8_t[]> again(new uint8_t[target_bytes]);
  CheckEqual(CAIRN_OK,
             cairn_cast(isa, from, source, to, again.get(), elements, nullptr),
             where);
  CheckEqual(0, memcmp(target, again.get(), static_cast<size_t>(target_bytes)),
             where + " without a checksum");
}

void TestSizes(int32_t isa) {
  for (int32_t from = CAIRN_F64; from <= CAIRN_F16; ++from) {
    for (int32_t to = CAIRN_F32; to <= CAIRN_F16; ++to) {
      if (from == to) {
        continue;
      }
      for (int64_t elements = 0; elements <= 70; ++elements) {
        TestCast(isa, from, to, elements, elements % 3);
      }
      for (int64_t elements :
           {131, 1023, 1024, 1025, 8191, 8192, 8193, 16385}) {
        TestCast(isa, from, to, elements, 1);
      }
    }
  }
}

void TestRefusals() {
  uint8_t bytes[64] = {};
  uint32_t crc = 1;
  const auto cast = [&](int32_t isa, int32_t from, const void* source,
                        int32_t to, void* target, int64_t elements) {
    return cairn_cast(isa, from, source, to, target, elements, &crc);
  };
  const auto bad = [&](int32_t status) {
    CheckEqual(CAIRN_BAD_ARGUMENT, static_cast<uint64_t>(status), "refusal");
  };
  bad(cast(-1, CAIRN_F32, bytes, CAIRN_BF16, bytes + 32, 1));
  bad(cast(3, CAIRN_F32, bytes, CAIRN_BF16, bytes + 32, 1));
  bad(cast(0, -1, bytes, CAIRN_BF16, bytes + 32, 1));
  bad(cast(0, 4, bytes, CAIRN_BF16, bytes + 32, 1));
  bad(cast(0, CAIRN_F32, bytes, CAIRN_F64, bytes + 32, 1));
  bad(cast(0, CAIRN_F32, bytes, CAIRN_F32, bytes + 32, 1));
  bad(cast(0, CAIRN_F32, bytes, CAIRN_BF16, bytes + 32, -1));
  bad(cast(0, CAIRN_F32, bytes, CAIRN_BF16, bytes + 32, INT64_MAX));
  bad(cast(0, CAIRN_F32, nullptr, CAIRN_BF16, bytes + 32, 1));
  bad(cast(0, CAIRN_F32, bytes, CAIRN_BF16, nullptr, 1));
  bad(cast(0, CAIRN_F32, bytes, CAIRN_BF16, bytes + 3, 1));
  bad(cast(0, CAIRN_F32, bytes + 1, CAIRN_BF16, bytes, 1));
  CheckEqual(CAIRN_OK, cast(0, CAIRN_F32, nullptr, CAIRN_BF16, nullptr, 0), "");
  CheckEqual(CAIRN_OK, cast(0, CAIRN_F32, bytes, CAIRN_BF16, bytes + 4, 1), "");
  CheckEqual(CAIRN_CPU_ABI, cairn_cpu_abi(), "abi");
  const int32_t next = cairn_isa_supported() + 1;
  if (next <= CAIRN_ISA_AVX512) {
    CheckEqual(CAIRN_UNSUPPORTED,
               cast(next, CAIRN_F32, bytes, CAIRN_BF16, bytes + 32, 1), "isa");
  }
}

}  // namespace

int main() {
  for (int32_t isa = CAIRN_ISA_BASELINE; isa <= cairn_isa_supported(); ++isa) {
    TestSizes(isa);
  }
  TestRefusals();
  return 0;
}
