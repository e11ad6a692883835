// The GPU kernels, compiled for the host, against the CPU's: at every size and
// alignment, in buffers that end where they must not be left. Run under ASan.

#include <sanitizer/asan_interface.h>
#include <string.h>

#include <memory>
#include <string>
#include <vector>

#include "cairn/cpu.h"
#include "cairn/cuda.h"
#include "check.h"
#include "synchronous_runtime.h"

namespace {

constexpr int64_t kBytes[] = {8, 4, 2, 2, 1};
constexpr int64_t kSizes[] = {
    0,  1,  2,  3,  4,  5,  7,  8,  9,  15,  16,  17,  19,  23,  24,   31,
    32, 33, 35, 40, 47, 63, 64, 67, 95, 131, 255, 256, 257, 521, 1023, 4099};

struct Pair {
  int32_t from;
  int32_t to;
};

std::vector<Pair> Pairs() {
  std::vector<Pair> pairs;
  for (int32_t from = CAIRN_F64; from <= CAIRN_F16; ++from) {
    for (int32_t to = CAIRN_F32; to <= CAIRN_F16; ++to) {
      pairs.push_back({from, to});
    }
  }
  pairs.push_back({CAIRN_F64, CAIRN_F64});
  pairs.push_back({CAIRN_CUDA_BYTES, CAIRN_CUDA_BYTES});
  return pairs;
}

std::string Name(Pair pair) {
  return "from=" + std::to_string(pair.from) + " to=" + std::to_string(pair.to);
}

// Zeros, infinities, NaNs with and without payload, denormals, ties, overflow.
constexpr uint32_t kSpecialF32[] = {
    0x00000000, 0x7F800000, 0x7F800001, 0x7FC00000, 0x7FFFFFFF, 0x7FA12345,
    0x00000001, 0x007FFFFF, 0x00008000, 0x00018000, 0x3F808000, 0x3F818000,
    0x7F7FFFFF, 0x477FF000, 0x477FEFFF, 0x38800000, 0x387FFFFF, 0x33000000,
    0x33000001, 0x33800000, 0x3F801000, 0x3F803000};
constexpr uint64_t kSpecialF64[] = {
    0x0000000000000000, 0x7FF0000000000000, 0x7FF0000000000001,
    0x7FF8000000000000, 0x7FF4567890ABCDEF, 0x0000000000000001,
    0x000FFFFFFFFFFFFF, 0x36A0000000000000, 0x36A0000000000001,
    0x3690000000000000, 0x380FFFFFFFFFFFFF, 0x47EFFFFFE0000000,
    0x47EFFFFFF0000000, 0x47EFFFFFEFFFFFFF, 0x3FF0000010000000};

uint64_t Number(int32_t type, Sequence* sequence) {
  const uint64_t random = sequence->Next();
  const uint64_t kind = random >> 60;  // 16 kinds
  const uint64_t sign = (random >> 59) & 1U;
  if (type == CAIRN_F32 && kind < 8) {
    return kind < 4 ? kSpecialF32[random % 22] | (sign << 31)
                    : (random & 0x87FFFFFFU) | 0x38000000U;
  }
  if (type == CAIRN_F64 && kind < 12) {
    return kind < 4 ? kSpecialF64[random % 15] | (sign << 63)
                    : (random & 0x80FFFFFFFFFFFFFFULL) | 0x3F00000000000000ULL;
  }
  return random;
}

// Memory that ends exactly where it must not be left, misaligned by whole
// elements; AddressSanitizer also knows its begin, to 8 bytes.
class Block {
 public:
  Block(int64_t shift_bytes, int64_t length_bytes)
      : memory_(new (std::align_val_t{64}) uint8_t[shift_bytes + length_bytes]),
        begin_(memory_.get() + shift_bytes) {
    memset(memory_.get(), 0xA5, static_cast<size_t>(shift_bytes));
    ASAN_POISON_MEMORY_REGION(memory_.get(), FrontBytes());
  }
  ~Block() { ASAN_UNPOISON_MEMORY_REGION(memory_.get(), FrontBytes()); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  uint8_t* begin() const { return begin_; }
  int64_t address() const { return reinterpret_cast<int64_t>(begin_); }

  // True if what lies in front is as it was.
  bool Untouched() const {
    for (const uint8_t* at = memory_.get() + FrontBytes(); at != begin_; ++at) {
      if (*at != 0xA5) {
        return false;
      }
    }
    return true;
  }

 private:
  size_t FrontBytes() const {
    return static_cast<size_t>(begin_ - memory_.get()) / 8 * 8;
  }

  struct Free {
    void operator()(uint8_t* memory) const {
      operator delete[](memory, std::align_val_t{64});
    }
  };
  const std::unique_ptr<uint8_t[], Free> memory_;
  uint8_t* const begin_;
};

void Fill(int32_t type, uint8_t* target, int64_t elements, uint64_t seed) {
  Sequence sequence(seed);
  for (int64_t i = 0; i < elements; ++i) {
    const uint64_t number = Number(type, &sequence);
    memcpy(target + i * kBytes[type], &number,
           static_cast<size_t>(kBytes[type]));
  }
}

std::vector<uint8_t> Expected(Pair pair, const uint8_t* source,
                              int64_t elements) {
  std::vector<uint8_t> target(
      static_cast<size_t>(elements * kBytes[pair.to] + 1));
  uint32_t crc = 0;
  const int32_t status =
      pair.from == pair.to
          ? cairn_copy(CAIRN_ISA_BASELINE, source, target.data(),
                       elements * kBytes[pair.to], &crc)
          : cairn_cast(CAIRN_ISA_BASELINE, pair.from, source, pair.to,
                       target.data(), elements, &crc);
  CheckEqual(CAIRN_OK, static_cast<uint64_t>(status), "cpu kernel");
  target.pop_back();
  return target;
}

void CheckBytes(const std::vector<uint8_t>& expected, const uint8_t* actual,
                const std::string& where) {
  for (size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] != actual[i]) {
      CheckEqual(expected[i], actual[i], where + " byte " + std::to_string(i));
    }
  }
}

void TestCast(Pair pair, int64_t elements, int64_t source_shift,
              int64_t target_shift) {
  const std::string where = Name(pair) +
                            " elements=" + std::to_string(elements) +
                            " source_shift=" + std::to_string(source_shift) +
                            " target_shift=" + std::to_string(target_shift);
  const Block source(source_shift, elements * kBytes[pair.from]);
  const Block target(target_shift, elements * kBytes[pair.to]);
  Fill(pair.from, source.begin(), elements,
       static_cast<uint64_t>(elements * 256 + source_shift));
  CheckEqual(0,
             static_cast<uint64_t>(cairn_cuda_cast(0, 0, pair.from,
                                                   source.address(), pair.to,
                                                   target.address(), elements)),
             where);
  CheckBytes(Expected(pair, source.begin(), elements), target.begin(), where);
  CheckEqual(1, target.Untouched() ? 1 : 0, where + " bytes in front");
}

void TestCasts() {
  for (const Pair pair : Pairs()) {
    for (int64_t source = 0; source < 16; source += kBytes[pair.from]) {
      for (int64_t target = 0; target < 16; target += kBytes[pair.to]) {
        for (const int64_t elements : kSizes) {
          TestCast(pair, elements, source, target);
        }
      }
    }
    TestCast(pair, 600'001, kBytes[pair.from], kBytes[pair.to]);
  }
  // More than the most blocks take in one stride.
  TestCast({CAIRN_F32, CAIRN_BF16}, 2048 * 256 * 8 + 100'003, 4, 2);
}

// Rows of every pair, of each of these sizes, behind each other, with gaps in
// the source.
void TestUnpack(int64_t gap_bytes, const std::vector<int64_t>& sizes) {
  std::vector<CairnSegment> table;
  int64_t source_bytes = 0;
  int64_t target_bytes = 0;
  int64_t tiles = 0;
  for (const int64_t elements : sizes) {
    for (const Pair pair : Pairs()) {
      const auto place = [](int64_t at, int64_t width) {
        return (at + width - 1) / width * width;
      };
      source_bytes = place(source_bytes + gap_bytes, kBytes[pair.from]);
      target_bytes = place(target_bytes, kBytes[pair.to]);
      table.push_back(
          {source_bytes, target_bytes, elements, tiles, pair.from, pair.to});
      source_bytes += elements * kBytes[pair.from];
      target_bytes += elements * kBytes[pair.to];
      tiles +=
          (elements + CAIRN_CUDA_TILE_ELEMENTS - 1) / CAIRN_CUDA_TILE_ELEMENTS;
    }
  }
  const Block source(0, source_bytes);
  const Block target(0, target_bytes);
  memset(source.begin(), 0x5A, static_cast<size_t>(source_bytes));
  for (const CairnSegment& row : table) {
    Fill(row.from, source.begin() + row.source_byte, row.elements,
         static_cast<uint64_t>(row.target_byte));
  }
  CheckEqual(0,
             static_cast<uint64_t>(cairn_cuda_unpack(
                 0, 0, reinterpret_cast<int64_t>(table.data()),
                 static_cast<int64_t>(table.size()), tiles, source.address(),
                 target.address())),
             "unpack");
  for (const CairnSegment& row : table) {
    CheckBytes(Expected({row.from, row.to}, source.begin() + row.source_byte,
                        row.elements),
               target.begin() + row.target_byte,
               "unpack " + Name({row.from, row.to}) +
                   " elements=" + std::to_string(row.elements));
  }
}

void TestRefusals() {
  const Block block(0, 64);
  const int64_t at = block.address();
  const auto bad = [](int32_t status) {
    CheckEqual(static_cast<uint64_t>(CAIRN_CUDA_BAD_ARGUMENT),
               static_cast<uint64_t>(status), "refusal");
  };
  bad(cairn_cuda_cast(0, 0, -1, at, CAIRN_BF16, at + 32, 1));
  bad(cairn_cuda_cast(0, 0, 5, at, 5, at + 32, 1));
  bad(cairn_cuda_cast(0, 0, CAIRN_F32, at, CAIRN_F64, at + 32, 1));
  bad(cairn_cuda_cast(0, 0, CAIRN_F32, at, CAIRN_CUDA_BYTES, at + 32, 1));
  bad(cairn_cuda_cast(0, 0, CAIRN_CUDA_BYTES, at, CAIRN_F32, at + 32, 1));
  bad(cairn_cuda_cast(0, 0, CAIRN_F32, at, CAIRN_BF16, at + 32, -1));
  bad(cairn_cuda_cast(0, 0, CAIRN_F32, at, CAIRN_BF16, at + 32, INT64_MAX));
  bad(cairn_cuda_cast(0, 0, CAIRN_F32, 0, CAIRN_BF16, at + 32, 1));
  bad(cairn_cuda_cast(0, 0, CAIRN_F32, at, CAIRN_BF16, 0, 1));
  bad(cairn_cuda_cast(0, 0, CAIRN_F32, at + 2, CAIRN_BF16, at + 32, 1));
  bad(cairn_cuda_cast(0, 0, CAIRN_F32, at, CAIRN_BF16, at + 33, 1));
  bad(cairn_cuda_cast(0, 0, CAIRN_F32, at, CAIRN_BF16, at + 2, 1));
  bad(cairn_cuda_unpack(0, 0, at, -1, 1, at, at));
  bad(cairn_cuda_unpack(0, 0, at, 2, 1, at, at));
  bad(cairn_cuda_unpack(0, 0, 0, 1, 1, at, at));
  bad(cairn_cuda_unpack(0, 0, at + 4, 1, 1, at, at));
  bad(cairn_cuda_unpack(0, 0, at, 1, 1, at + 8, at));
  bad(cairn_cuda_unpack(0, 0, at, 1, 1, at, 0));
  CheckEqual(0, cairn_cuda_cast(0, 0, CAIRN_F32, 0, CAIRN_BF16, 0, 0), "none");
  CheckEqual(0, cairn_cuda_unpack(0, 0, 0, 0, 0, 0, 0), "no rows");
  CheckEqual(CAIRN_CUDA_ABI, cairn_cuda_abi(), "abi");
}

void TestErrorsAndDevice() {
  const Block block(0, 64);
  const auto cast = [&block](int32_t device) {
    return static_cast<uint64_t>(cairn_cuda_cast(device, 0, CAIRN_F32,
                                                 block.address(), CAIRN_BF16,
                                                 block.address() + 32, 4));
  };
  memset(block.begin(), 0, 64);
  NextError() = 46;
  CheckEqual(46, cast(0), "error of the runtime");
  CheckEqual(static_cast<uint64_t>(CAIRN_CUDA_BAD_ARGUMENT), cast(1),
             "not the current device");
}

}  // namespace

int main() {
  TestCasts();
  const std::vector<int64_t> sizes = {1, 33, 16383, 16384, 16385, 50'000};
  TestUnpack(0, sizes);
  TestUnpack(5, sizes);
  // More tiles than the most blocks: blocks stride over them.
  TestUnpack(0, std::vector<int64_t>(2048 / Pairs().size() + 10, 1));
  TestRefusals();
  TestErrorsAndDevice();
  return 0;
}
