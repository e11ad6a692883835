// cairn_add_product against sums in double, on every instruction set there is.

#include <string.h>

#include <cmath>
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

// The number that these bits of BF16 are.
float FromBf16(uint32_t bits) {
  const uint32_t wide = bits << 16;
  float value;
  memcpy(&value, &wide, sizeof(value));
  return value;
}

// What BF16 can hold, large and small, or at every 977th index with `odd` bits.
float Factor(int64_t index, uint32_t odd) {
  const auto mixed = static_cast<uint32_t>(index * 2654435761U >> 7);
  const uint32_t exponent = 127 - 12 + mixed % 24;
  return index % 977 == 500 ? FromBf16(odd)
                            : FromBf16((mixed & 0x8000U) | exponent << 7 |
                                       (mixed >> 16 & 0x7FU));
}

struct Factors {
  int64_t rows, columns, rank;
  std::vector<float> left, right;

  Factors(int64_t rows, int64_t columns, int64_t rank, uint32_t odd_left,
          uint32_t odd_right)
      : rows(rows), columns(columns), rank(rank) {
    const int64_t panels =
        (columns + CAIRN_PANEL_COLUMNS - 1) / CAIRN_PANEL_COLUMNS;
    for (int64_t i = 0; i < rows * rank; ++i) {
      left.push_back(Factor(i, odd_left));
    }
    for (int64_t i = 0; i < panels * CAIRN_PANEL_COLUMNS * rank; ++i) {
      right.push_back(Factor(i + 13, odd_right));
    }
  }

  std::vector<float> Product(int32_t isa) const {
    std::vector<float> tile(static_cast<size_t>(rows * columns));
    CheckEqual(CAIRN_OK,
               cairn_add_product(isa, CAIRN_F32, tile.data(), 0, rows * columns,
                                 columns, left.data(), right.data(), rank),
               "pairs");
    return tile;
  }

  float Sum(int64_t element) const {
    const int64_t column = element % columns;
    float sum = 0;
    for (int64_t k = 0; k < rank; ++k) {
      sum = std::fmaf(
          left[static_cast<size_t>(element / columns * rank + k)],
          right[static_cast<size_t>((column / CAIRN_PANEL_COLUMNS * rank + k) *
                                        CAIRN_PANEL_COLUMNS +
                                    column % CAIRN_PANEL_COLUMNS)],
          sum);
    }
    return sum;
  }
};

bool IsSame(float a, float b) {
  return (std::isnan(a) && std::isnan(b)) || memcmp(&a, &b, sizeof(a)) == 0;
}

// To the bit what is got without pairs: also where there are factors that pairs
// would take for zero, turn into infinity or not hold.
void TestPairs(int32_t isa, const Factors& factors) {
  const std::vector<float> expected = factors.Product(CAIRN_ISA_AVX2);
  const std::vector<float> actual = factors.Product(isa);
  for (size_t i = 0; i < expected.size(); ++i) {
    CheckEqual(1, IsSame(expected[i], actual[i]),
               "pairs rank=" + std::to_string(factors.rank) +
                   " element=" + std::to_string(i));
  }
}

void TestPairs(int32_t isa) {
  constexpr uint32_t kDenormal = 0x0041;
  constexpr uint32_t kSmall = 0x0A00;  // its square is denormal
  constexpr uint32_t kLarge = 0x7F7F;
  constexpr uint32_t kOne = 0x3F80;
  for (int64_t rank : {1, 2, 3, 8, 33, 64, 511, 512, 513}) {
    const Factors plain(41, 97, rank, kOne, kOne);
    TestPairs(isa, plain);
    const std::vector<float> product = plain.Product(isa);
    for (size_t i = 0; i < product.size(); ++i) {
      CheckEqual(1, IsSame(plain.Sum(static_cast<int64_t>(i)), product[i]),
                 "sum rank=" + std::to_string(rank));
    }
    TestPairs(isa, Factors(41, 97, rank, kOne, kDenormal));
    TestPairs(isa, Factors(41, 97, rank, kDenormal, kOne));
    TestPairs(isa, Factors(41, 97, rank, kSmall, kSmall));
    TestPairs(isa, Factors(41, 97, rank, kLarge, kLarge));
  }
  Factors changed(700, 64, 64, kOne, kOne);
  changed.left[changed.left.size() / 2] += 1e-6F;  // its block is not in pairs
  TestPairs(isa, changed);
}

}  // namespace

int main() {
  for (int32_t isa = CAIRN_ISA_AVX2; isa <= cairn_isa_supported(); ++isa) {
    TestPairs(isa);
  }
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
