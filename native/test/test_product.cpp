// cairn_add_product against sums in double, on every instruction set there is.

#include <string>
#include <vector>

#include "cairn/cpu.h"
#include "check.h"

namespace {

// Values that are small sums of powers of two: every order of adding is exact.
float Value(int64_t index) { return static_cast<float>(index % 13 - 6) / 8; }

void Test(int32_t isa, int64_t rows, int64_t columns, int64_t rank,
          int64_t first, int64_t elements) {
  const int64_t panels =
      (columns + CAIRN_PANEL_COLUMNS - 1) / CAIRN_PANEL_COLUMNS;
  std::vector<float> left(static_cast<size_t>(rows * rank));
  std::vector<float> right(
      static_cast<size_t>(panels * CAIRN_PANEL_COLUMNS * rank));
  std::vector<float> tile(static_cast<size_t>(elements) + 1);
  for (size_t i = 0; i < left.size(); ++i) {
    left[i] = Value(static_cast<int64_t>(i));
  }
  for (int64_t k = 0; k < rank; ++k) {
    for (int64_t c = 0; c < columns; ++c) {
      right[static_cast<size_t>(
          (c / CAIRN_PANEL_COLUMNS * rank + k) * CAIRN_PANEL_COLUMNS +
          c % CAIRN_PANEL_COLUMNS)] = Value(k * columns + c);
    }
  }
  for (size_t i = 0; i < tile.size(); ++i) {
    tile[i] = Value(static_cast<int64_t>(i) * 5);
  }
  const std::string where = "isa=" + std::to_string(isa) +
                            " columns=" + std::to_string(columns) +
                            " first=" + std::to_string(first) +
                            " elements=" + std::to_string(elements);
  CheckEqual(CAIRN_OK,
             cairn_add_product(isa, CAIRN_F32, tile.data(), first, elements,
                               columns, left.data(), right.data(), rank),
             where);
  for (int64_t i = 0; i < elements; ++i) {
    const int64_t row = (first + i) / columns;
    const int64_t column = (first + i) % columns;
    double sum = Value(i * 5);
    for (int64_t k = 0; k < rank; ++k) {
      sum += static_cast<double>(Value(row * rank + k)) *
             Value(k * columns + column);
    }
    CheckEqual(1, static_cast<double>(tile[static_cast<size_t>(i)]) == sum,
               where);
  }
}

// A tile of BF16 has what casting it, adding in F32 and casting back gives, to
// the bit, NaNs, infinities and denormals included.
void TestBf16(int32_t isa, int64_t columns, int64_t rank, int64_t first,
              int64_t elements) {
  const int64_t rows = (first + elements + columns - 1) / columns;
  const int64_t padded = (columns + CAIRN_PANEL_COLUMNS - 1) /
                         CAIRN_PANEL_COLUMNS * CAIRN_PANEL_COLUMNS;
  std::vector<float> left(static_cast<size_t>(rows * rank));
  std::vector<float> right(static_cast<size_t>(padded * rank));
  std::vector<uint16_t> tile(static_cast<size_t>(elements) + 1, 0xABCD);
  for (size_t i = 0; i < left.size(); ++i) {
    left[i] = 1e-3F * static_cast<float>(i * 7919 % 1013) - 0.4F;
  }
  for (size_t i = 0; i < right.size(); ++i) {
    right[i] = 1e-3F * static_cast<float>(i * 104729 % 997) - 0.5F;
  }
  constexpr uint16_t kOdd[] = {0x7F80, 0xFF80, 0x7FC1, 0x7F81, 0x0001, 0x8000};
  for (int64_t i = 0; i < elements; ++i) {
    tile[static_cast<size_t>(i)] =
        i % 10 == 9 ? kOdd[i / 10 % 6] : static_cast<uint16_t>(i * 40503);
  }
  std::vector<float> wide(static_cast<size_t>(elements) + 1);
  std::vector<uint16_t> expected(tile);
  const std::string where = "bf16 isa=" + std::to_string(isa) +
                            " columns=" + std::to_string(columns) +
                            " first=" + std::to_string(first);
  CheckEqual(CAIRN_OK,
             cairn_cast(isa, CAIRN_BF16, tile.data(), CAIRN_F32, wide.data(),
                        elements, nullptr),
             where);
  CheckEqual(CAIRN_OK,
             cairn_add_product(isa, CAIRN_F32, wide.data(), first, elements,
                               columns, left.data(), right.data(), rank),
             where);
  CheckEqual(CAIRN_OK,
             cairn_cast(isa, CAIRN_F32, wide.data(), CAIRN_BF16,
                        expected.data(), elements, nullptr),
             where);
  CheckEqual(CAIRN_OK,
             cairn_add_product(isa, CAIRN_BF16, tile.data(), first, elements,
                               columns, left.data(), right.data(), rank),
             where);
  CheckEqual(1, tile == expected, where);
}

}  // namespace

int main() {
  for (int32_t isa = 0; isa <= cairn_isa_supported(); ++isa) {
    for (int64_t columns : {1, 31, 32, 33, 64, 95, 129}) {
      for (int64_t rows : {1, 2, 3, 7, 10, 11, 23}) {
        const int64_t all = rows * columns;
        Test(isa, rows, columns, 5, 0, all);
        Test(isa, rows, columns, 1, 0, all);
        for (int64_t first = 0; first < all; first += 37) {
          Test(isa, rows, columns, 3, first, all - first);
          Test(isa, rows, columns, 3, first, (all - first) / 2);
          TestBf16(isa, columns, 3, first, all - first);
        }
        TestBf16(isa, columns, 5, 0, all);
      }
    }
  }
  float one = 0;
  CheckEqual(CAIRN_BAD_ARGUMENT,
             cairn_add_product(0, CAIRN_F32, &one, 0, 1, 0, &one, &one, 1),
             "refused");
  CheckEqual(CAIRN_BAD_ARGUMENT,
             cairn_add_product(0, CAIRN_F32, &one, 0, 1, 1, &one, &one, 0),
             "refused");
  CheckEqual(CAIRN_BAD_ARGUMENT,
             cairn_add_product(0, CAIRN_F32, nullptr, 0, 1, 1, &one, &one, 1),
             "refused");
  CheckEqual(CAIRN_BAD_ARGUMENT,
             cairn_add_product(3, CAIRN_F32, &one, 0, 0, 1, &one, &one, 1),
             "refused");
  CheckEqual(CAIRN_BAD_ARGUMENT,
             cairn_add_product(0, CAIRN_F16, &one, 0, 1, 1, &one, &one, 1),
             "refused");
  return 0;
}
