// Adds a low-rank product to a tile, written once; cppbuild.sh compiles this
// file once per instruction set with that set's flags and -DCAIRN_PRODUCT=...
// As in cast.inc.cpp nothing here may be shared between those objects.

#include <stdint.h>
#include <string.h>

#include "cairn/cpu.h"
#include "table.h"
#if defined(__AVX512F__)
#include "product_bf16.h"
#endif

namespace cairn {
namespace {

// kRows x CAIRN_PANEL_COLUMNS sums are in registers at a time, beside one row
// of the panel.
#if defined(__AVX512F__)
constexpr int kLanes = 16;
constexpr int kRows = 8;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
constexpr int kRows = 3;
#else
constexpr int kLanes = 4;
constexpr int kRows = 1;
#endif
constexpr int64_t kPanel = CAIRN_PANEL_COLUMNS;
constexpr int kVectors = CAIRN_PANEL_COLUMNS / kLanes;

typedef float Vector __attribute__((vector_size(kLanes * sizeof(float))));

inline Vector Load(const float* source) {
  Vector value;
  memcpy(&value, source, sizeof(value));
  return value;
}

typedef uint32_t Bits __attribute__((vector_size(kLanes * sizeof(uint32_t))));
typedef uint16_t Halves __attribute__((vector_size(kLanes * sizeof(uint16_t))));

inline void Add(float* target, Vector sum) {
  const Vector value = Load(target) + sum;
  memcpy(target, &value, sizeof(value));
}

// Widens and rounds as element.h does for one element; in a loop over that,
// which g++ does not turn into vectors, the product takes up to six times as
// long.
inline void Add(uint16_t* target, Vector sum) {
  Halves halves;
  memcpy(&halves, target, sizeof(halves));
  const Bits wide = __builtin_convertvector(halves, Bits) << 16;
  Vector value;
  memcpy(&value, &wide, sizeof(value));
  value += sum;
  Bits bits;
  memcpy(&bits, &value, sizeof(bits));
  const Bits rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const auto nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
  const Bits result = nan ? Bits{} + 0x7FC0U : rounded;
  halves = __builtin_convertvector(result, Halves);
  memcpy(target, &halves, sizeof(halves));
}

template <int kCount>
using Sums = Vector[kCount][kVectors];

template <int kCount>
inline void Clear(Sums<kCount>& sums) {
#pragma GCC unroll 16
  for (int row = 0; row < kCount; ++row) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      sums[row][v] = Vector{};
    }
  }
}

// Adds to kCount whole panel rows, which lie row_elements apart.
template <int kCount, typename Element>
inline void Add(Element* tile, int64_t row_elements, Sums<kCount>& sums) {
#pragma GCC unroll 16
  for (int row = 0; row < kCount; ++row) {
    Element* target = tile + row * row_elements;
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      Add(target + v * kLanes, sums[row][v]);
    }
  }
}

template <int kCount, typename Element>
void AddPanel(Element* tile, int64_t row_elements, const float* left,
              const float* panel, int64_t rank) {
  Sums<kCount> sums;
  Clear<kCount>(sums);
  for (int64_t k = 0; k < rank; ++k) {
#pragma GCC unroll 16
    for (int row = 0; row < kCount; ++row) {
      const Vector factor = Vector{} + left[row * rank + k];
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) {
        sums[row][v] += factor * Load(panel + k * kPanel + v * kLanes);
      }
    }
  }
  Add<kCount>(tile, row_elements, sums);
}

// Adds to columns [begin, end) of one panel of one row.
template <typename Element>
void AddPart(Element* tile, int64_t begin, int64_t end, const float* left,
             const float* panel, int64_t rank) {
  const size_t bytes = static_cast<size_t>(end - begin) * sizeof(Element);
  Element whole[kPanel] = {};
  memcpy(whole + begin, tile, bytes);
  AddPanel<1>(whole, kPanel, left, panel, rank);
  memcpy(tile, whole + begin, bytes);
}

// Adds to columns [begin, end) of one row; tile points at the first of them.
template <typename Element>
void AddRow(Element* tile, int64_t begin, int64_t end, const float* left,
            const float* panels, int64_t rank) {
  for (int64_t column = begin; column < end;) {
    const int64_t start = column / kPanel * kPanel;
    const int64_t stop = start + kPanel < end ? start + kPanel : end;
    AddPart(tile + (column - begin), column - start, stop - start, left,
            panels + start * rank, rank);
    column = stop;
  }
}

// Adds to one panel of rows, which lie row_elements apart.
template <typename Element>
void AddPanelRows(Element* tile, int64_t rows, int64_t row_elements,
                  const float* left, const float* panel, int64_t rank) {
  int64_t row = 0;
  for (; row + kRows <= rows; row += kRows) {
    AddPanel<kRows>(tile + row * row_elements, row_elements, left + row * rank,
                    panel, rank);
  }
  for (; row < rows; ++row) {
    AddPanel<1>(tile + row * row_elements, row_elements, left + row * rank,
                panel, rank);
  }
}

#if defined(__AVX512F__)

// As AddPanel, with factors in pairs.
template <int kCount, typename Element>
__attribute__((target("avx512bf16"))) void AddPairs(Element* tile,
                                                    int64_t row_elements,
                                                    const Pair* left,
                                                    const Pair* panel,
                                                    int64_t pairs) {
  Sums<kCount> sums;
  Clear<kCount>(sums);
  for (int64_t k = 0; k < pairs; ++k) {
#pragma GCC unroll 16
    for (int row = 0; row < kCount; ++row) {
      const Pair factors = left[row * pairs + k];
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) {
        MultiplyAdd(sums[row][v], factors, panel + k * kPanel + v * kLanes);
      }
    }
  }
  Add<kCount>(tile, row_elements, sums);
}

// As AddPanels, in pairs what can be.
template <typename Element>
void AddPanelsInPairs(Element* tile, int64_t rows, int64_t columns,
                      const float* left, const float* panels, int64_t rank) {
  const int64_t pairs = (rank + 1) / 2;
  Pair packed_left[kLeftPairs];
  Pair packed_panel[kMaxPairs * kPanel];
  const int64_t most = kLeftPairs / pairs;
  for (int64_t row = 0; row < rows; row += most) {
    const int64_t count = row + most < rows ? most : rows - row;
    const bool is_packed =
        PackLeft(left + row * rank, count, rank, packed_left);
    for (int64_t column = 0; column + kPanel <= columns; column += kPanel) {
      Element* target = tile + row * columns + column;
      const float* panel = panels + column * rank;
      int64_t done = 0;
      if (is_packed && PackPanel(panel, rank, packed_panel)) {
        for (; done + kRows <= count; done += kRows) {
          AddPairs<kRows>(target + done * columns, columns,
                          packed_left + done * pairs, packed_panel, pairs);
        }
      }
      AddPanelRows(target + done * columns, count - done, columns,
                   left + (row + done) * rank, panel, rank);
    }
  }
}

#endif

// Adds to the whole panels of rows.
template <typename Element>
void AddPanels(Element* tile, int64_t rows, int64_t columns, const float* left,
               const float* panels, int64_t rank, bool has_pairs) {
#if defined(__AVX512F__)
  if (has_pairs && (rank + 1) / 2 <= kMaxPairs) {
    AddPanelsInPairs(tile, rows, columns, left, panels, rank);
    return;
  }
#else
  (void)has_pairs;
#endif
  for (int64_t column = 0; column + kPanel <= columns; column += kPanel) {
    AddPanelRows(tile + column, rows, columns, left, panels + column * rank,
                 rank);
  }
}

// Adds to whole rows.
template <typename Element>
void AddRows(Element* tile, int64_t rows, int64_t columns, const float* left,
             const float* panels, int64_t rank, bool has_pairs) {
  AddPanels(tile, rows, columns, left, panels, rank, has_pairs);
  const int64_t whole = columns / kPanel * kPanel;
  if (whole < columns) {
    for (int64_t row = 0; row < rows; ++row) {
      AddPart(tile + row * columns + whole, 0, columns - whole,
              left + row * rank, panels + whole * rank, rank);
    }
  }
}

template <typename Element>
void AddElements(Element* tile, int64_t first, int64_t elements,
                 int64_t columns, const float* left, const float* panels,
                 int64_t rank, bool has_pairs) {
  int64_t row = first / columns;
  const int64_t begin = first % columns;
  if (begin != 0 && elements > 0) {
    const int64_t left_in_row = columns - begin;
    const int64_t count = left_in_row < elements ? left_in_row : elements;
    AddRow(tile, begin, begin + count, left + row * rank, panels, rank);
    tile += count;
    elements -= count;
    ++row;
  }
  const int64_t rows = elements / columns;
  AddRows(tile, rows, columns, left + row * rank, panels, rank, has_pairs);
  row += rows;
  tile += rows * columns;
  elements -= rows * columns;
  if (elements > 0) {
    AddRow(tile, 0, elements, left + row * rank, panels, rank);
  }
}

}  // namespace

void CAIRN_PRODUCT(int32_t type, void* tile, int64_t first, int64_t elements,
                   int64_t columns, const float* left, const float* panels,
                   int64_t rank, bool has_pairs) {
  if (type == CAIRN_BF16) {
    AddElements(static_cast<uint16_t*>(tile), first, elements, columns, left,
                panels, rank, has_pairs);
  } else {
    AddElements(static_cast<float*>(tile), first, elements, columns, left,
                panels, rank, has_pairs);
  }
}

}  // namespace cairn
