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
             cairn_add_product(isa, tile.data(), first, elements, columns,
                               left.data(), right.data(), rank),
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
        }
      }
    }
  }
  float one = 0;
  CheckEqual(CAIRN_BAD_ARGUMENT,
             cairn_add_product(0, &one, 0, 1, 0, &one, &one, 1), "refused");
  CheckEqual(CAIRN_BAD_ARGUMENT,
             cairn_add_product(0, &one, 0, 1, 1, &one, &one, 0), "refused");
  CheckEqual(CAIRN_BAD_ARGUMENT,
             cairn_add_product(0, nullptr, 0, 1, 1, &one, &one, 1), "refused");
  CheckEqual(CAIRN_BAD_ARGUMENT,
             cairn_add_product(3, &one, 0, 0, 1, &one, &one, 1), "refused");
  return 0;
}
