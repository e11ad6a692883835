// Checksums, copies and shifts on every instruction set.

#include <algorithm>
#include <memory>
#include <string>

#include "cairn/cpu.h"
#include "check.h"
#include "definition.h"

namespace {

constexpr int64_t kSizes[] = {
    0,    1,    7,    8,    9,     15,    63,    64,    255,  256,
    257,  319,  383,  384,  385,   511,   512,   767,   768,  6143,
    6144, 6145, 6527, 6528, 12288, 16383, 16384, 16385, 50001};

void TestSize(int32_t isa, int64_t size, int64_t shift) {
  const std::string where = "isa=" + std::to_string(isa) +
                            " size=" + std::to_string(size) +
                            " shift=" + std::to_string(shift);
  const std::unique_ptr<uint8_t[]> in(new uint8_t[size + shift]);
  const std::unique_ptr<uint8_t[]> out(new uint8_t[size + 2 * shift]);
  uint8_t* source = in.get() + shift;
  uint8_t* target = out.get() + 2 * shift;
  Sequence sequence(static_cast<uint64_t>(size));
  for (int64_t i = 0; i < size; ++i) {
    source[i] = static_cast<uint8_t>(sequence.Next());
  }
  const uint32_t expected = definition::Crc32c(0x1234, source, size);
  uint32_t crc = 0x1234;
  CheckEqual(CAIRN_OK, cairn_crc32c(isa, source, size, &crc), where);
  CheckEqual(expected, crc, where);
  crc = 0x1234;
  CheckEqual(CAIRN_OK, cairn_copy(isa, source, target, size, &crc), where);
  CheckEqual(expected, crc, where + " copy");
  CheckEqual(0, static_cast<uint64_t>(memcmp(source, target, size)), where);
  crc = 0x1234;
  CheckEqual(CAIRN_OK, cairn_copy(isa, source, source, size, &crc), where);
  CheckEqual(expected, crc, where + " in place");
  std::fill_n(target, size, uint8_t{0x5A});
  CheckEqual(CAIRN_OK, cairn_copy(isa, source, target, size, nullptr), where);
  CheckEqual(0, static_cast<uint64_t>(memcmp(source, target, size)),
             where + " without a checksum");

  const int64_t cut = size / 3;
  uint32_t front = 0;
  uint32_t back = 0;
  uint32_t whole = 0;
  cairn_crc32c(isa, source, cut, &front);
  cairn_crc32c(isa, source + cut, size - cut, &back);
  cairn_crc32c(isa, source, size, &whole);
  CheckEqual(whole, cairn_crc32c_shift(front, size - cut) ^ back,
             where + " joined");
}

void TestRefusals() {
  uint8_t bytes[16] = {};
  uint32_t crc = 0;
  CheckEqual(CAIRN_BAD_ARGUMENT, cairn_crc32c(0, bytes, -1, &crc), "negative");
  CheckEqual(CAIRN_BAD_ARGUMENT, cairn_crc32c(0, nullptr, 1, &crc), "null");
  CheckEqual(CAIRN_BAD_ARGUMENT, cairn_crc32c(0, bytes, 1, nullptr), "crc");
  CheckEqual(CAIRN_BAD_ARGUMENT, cairn_copy(0, bytes, bytes + 3, 4, &crc), "");
  CheckEqual(CAIRN_BAD_ARGUMENT, cairn_copy(0, bytes + 3, bytes, 4, &crc), "");
  CheckEqual(CAIRN_BAD_ARGUMENT, cairn_copy(0, bytes, nullptr, 4, &crc), "");
  CheckEqual(CAIRN_BAD_ARGUMENT, cairn_copy(0, bytes, bytes + 8, -4, &crc), "");
  CheckEqual(CAIRN_OK, cairn_copy(0, nullptr, nullptr, 0, &crc), "empty");
}

}  // namespace

int main() {
  for (int32_t isa = CAIRN_ISA_BASELINE; isa <= cairn_isa_supported(); ++isa) {
    for (int64_t size : kSizes) {
      for (int64_t shift : {0, 1, 5}) {
        TestSize(isa, size, shift);
      }
    }
  }
  // The order of x modulo the polynomial divides 2^31 - 1, so does that of x^8.
  CheckEqual(0xE3069283U, cairn_crc32c_shift(0xE3069283U, 0x7FFFFFFF),
             "period");
  CheckEqual(cairn_crc32c_shift(0xE3069283U, 5),
             cairn_crc32c_shift(0xE3069283U, (0x7FFFFFFFLL << 32) + 5),
             "beyond 2^61 bytes");
  TestRefusals();
  return 0;
}
