// What one instruction set offers. Filled by cast.inc.cpp once per instruction
// set; cpu.cpp checks arguments, picks a table and goes block by block.
#ifndef CAIRN_TABLE_H_
#define CAIRN_TABLE_H_

#include <stdint.h>

namespace cairn {

constexpr int kTypes = 4;

// Casts elements elements; source and target do not overlap.
using Cast = void (*)(const uint8_t* source, uint8_t* target, int64_t elements);

// Takes and returns the checksum's register: the complement of a CRC32C.
using Checksum = uint32_t (*)(uint32_t state, const uint8_t* source,
                              int64_t length_bytes);

// casts[from][to], indexed by CAIRN_F64 ...; null where there is no cast.
struct Casts {
  Cast cast[kTypes][kTypes];
};

extern const Casts kCastsBaseline;
extern const Casts kCastsAvx2;
extern const Casts kCastsAvx512;

// Adds elements [first, first + elements) of a product, as cairn_add_product.
// has_pairs: whether the processor multiplies and adds pairs of BF16.
using Product = void (*)(int32_t type, void* tile, int64_t first,
                         int64_t elements, int64_t columns, const float* left,
                         const float* panels, int64_t rank, bool has_pairs);

void ProductBaseline(int32_t type, void* tile, int64_t first, int64_t elements,
                     int64_t columns, const float* left, const float* panels,
                     int64_t rank, bool has_pairs);
void ProductAvx2(int32_t type, void* tile, int64_t first, int64_t elements,
                 int64_t columns, const float* left, const float* panels,
                 int64_t rank, bool has_pairs);
void ProductAvx512(int32_t type, void* tile, int64_t first, int64_t elements,
                   int64_t columns, const float* left, const float* panels,
                   int64_t rank, bool has_pairs);

uint32_t ChecksumTable(uint32_t state, const uint8_t* source, int64_t bytes);
uint32_t ChecksumSse42(uint32_t state, const uint8_t* source, int64_t bytes);
uint32_t ChecksumVpclmul(uint32_t state, const uint8_t* source, int64_t bytes);
uint32_t ChecksumArm(uint32_t state, const uint8_t* source, int64_t bytes);

}  // namespace cairn

#endif  // CAIRN_TABLE_H_
