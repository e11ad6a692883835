// How threads share the cast of a range of elements, 16 bytes at a time
// whatever the alignment of source and target.
#ifndef CAIRN_RANGE_H_
#define CAIRN_RANGE_H_

#include <stdint.h>

#include "cairn/cpu.h"
#include "cairn/cuda.h"
#include "element.h"
#include "launch.h"

namespace cairn {
namespace {

template <int kType>
struct Element {
  using Bits = uint16_t;
};
template <>
struct Element<CAIRN_F64> {
  using Bits = uint64_t;
};
template <>
struct Element<CAIRN_F32> {
  using Bits = uint32_t;
};
template <>
struct Element<CAIRN_CUDA_BYTES> {
  using Bits = uint8_t;
};

template <int kType>
using BitsOf = typename Element<kType>::Bits;

template <int kFrom, int kTo>
CAIRN_DEVICE BitsOf<kTo> CastOne(BitsOf<kFrom> bits) {
  if constexpr (kFrom == kTo) {
    return bits;
  } else if constexpr (kFrom == CAIRN_F64) {
    return CastOne<CAIRN_F32, kTo>(F32FromF64(bits));
  } else if constexpr (kFrom == CAIRN_BF16) {
    return CastOne<CAIRN_F32, kTo>(F32FromBf16(bits));
  } else if constexpr (kFrom == CAIRN_F16) {
    return CastOne<CAIRN_F32, kTo>(F32FromF16(bits));
  } else if constexpr (kTo == CAIRN_BF16) {
    return Bf16FromF32(bits);
  } else {
    return F16FromF32(bits);
  }
}

// Element `index` of an array of words; folded away, as index is a constant
// once loops are unrolled.
template <typename Bits>
CAIRN_DEVICE Bits Get(const uint32_t* words, int index) {
  if constexpr (sizeof(Bits) == 8) {
    return words[2 * index] |
           (static_cast<uint64_t>(words[2 * index + 1]) << 32);
  } else {
    constexpr int kPerWord = 4 / sizeof(Bits);
    return static_cast<Bits>(words[index / kPerWord] >>
                             (index % kPerWord * 8 * sizeof(Bits)));
  }
}

// Adds element `index` to words that were 0 there.
template <typename Bits>
CAIRN_DEVICE void Put(uint32_t* words, int index, Bits bits) {
  constexpr int kPerWord = 4 / sizeof(Bits);
  words[index / kPerWord] |= static_cast<uint32_t>(bits)
                             << (index % kPerWord * 8 * sizeof(Bits));
}

template <int kVectors>
CAIRN_DEVICE void LoadVectors(const uint8_t* aligned, uint32_t* words) {
  CAIRN_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    const uint4 vector = LoadVector(aligned + 16 * v);
    words[4 * v] = vector.x;
    words[4 * v + 1] = vector.y;
    words[4 * v + 2] = vector.z;
    words[4 * v + 3] = vector.w;
  }
}

template <int kVectors>
CAIRN_DEVICE void StoreVectors(const uint32_t* words, uint8_t* aligned) {
  CAIRN_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    reinterpret_cast<uint4*>(aligned)[v] = {words[4 * v], words[4 * v + 1],
                                            words[4 * v + 2], words[4 * v + 3]};
  }
}

// Drops the first shift_bytes of kWords + 4 words; the words stay in registers,
// as no index depends on the shift.
template <int kWords, int kElementBytes>
CAIRN_DEVICE void DropBytes(uint32_t* words, uint32_t shift_bytes) {
  CAIRN_UNROLL
  for (int i = 0; i < kWords + 2; ++i) {
    words[i] = (shift_bytes & 8U) != 0 ? words[i + 2] : words[i];
  }
  CAIRN_UNROLL
  for (int i = 0; i < kWords + 1; ++i) {
    words[i] = (shift_bytes & 4U) != 0 ? words[i + 1] : words[i];
  }
  if constexpr (kElementBytes < 4) {
    CAIRN_UNROLL
    for (int i = 0; i < kWords; ++i) {
      words[i] = ShiftPair(words[i], words[i + 1], (shift_bytes & 3U) * 8U);
    }
  }
}

constexpr int Lesser(int a, int b) { return a < b ? a : b; }

// A group: the fewest elements that are whole vectors on both sides.
template <int kFrom, int kTo>
struct Group {
  static constexpr int kFromBytes = sizeof(BitsOf<kFrom>);
  static constexpr int kToBytes = sizeof(BitsOf<kTo>);
  static constexpr int kElements = 16 / Lesser(kFromBytes, kToBytes);
  static constexpr int kSourceBytes = kElements * kFromBytes;
  static constexpr int kTargetBytes = kElements * kToBytes;
};

// Casts one group. aligned: the source's first element lies shift_bytes after
// it; kShifted says whether that may be other than 0.
template <int kFrom, int kTo, bool kShifted>
CAIRN_DEVICE void CastGroup(const uint8_t* aligned, uint32_t shift_bytes,
                            uint8_t* target) {
  using G = Group<kFrom, kTo>;
  constexpr int kWords = G::kSourceBytes / 4;
  uint32_t in[kWords + 4];
  LoadVectors<G::kSourceBytes / 16 + (kShifted ? 1 : 0)>(aligned, in);
  if constexpr (kShifted) {
    DropBytes<kWords, G::kFromBytes>(in, shift_bytes);
  }
  if constexpr (kFrom == kTo) {
    StoreVectors<G::kTargetBytes / 16>(in, target);
  } else {
    uint32_t out[G::kTargetBytes / 4] = {};
    CAIRN_UNROLL
    for (int i = 0; i < G::kElements; ++i) {
      Put(out, i, CastOne<kFrom, kTo>(Get<BitsOf<kFrom>>(in, i)));
    }
    StoreVectors<G::kTargetBytes / 16>(out, target);
  }
}

template <int kFrom, int kTo, bool kShifted>
CAIRN_DEVICE void CastGroups(const uint8_t* aligned, uint32_t shift_bytes,
                             uint8_t* target, int64_t groups, int64_t thread,
                             int64_t threads) {
  using G = Group<kFrom, kTo>;
  for (int64_t group = thread; group < groups; group += threads) {
    CastGroup<kFrom, kTo, kShifted>(aligned + group * G::kSourceBytes,
                                    shift_bytes,
                                    target + group * G::kTargetBytes);
  }
}

// Casts elements, as thread number `thread` of `threads` that are all given the
// same range.
//
// Groups begin where the target is aligned. Where the source is not, it is read
// in aligned vectors all the same, from before the group to behind it; so much
// is left to the single elements at both ends that no vector leaves the source.
template <int kFrom, int kTo>
CAIRN_DEVICE void CastRange(const uint8_t* source, uint8_t* target,
                            int64_t elements, int64_t thread, int64_t threads) {
  using G = Group<kFrom, kTo>;
  const uint32_t to_boundary =
      (0U - static_cast<uint32_t>(reinterpret_cast<uintptr_t>(target))) & 15U;
  int64_t head = to_boundary / G::kToBytes;
  const uint32_t shift_bytes =
      static_cast<uint32_t>(reinterpret_cast<uintptr_t>(source) +
                            static_cast<uint64_t>(head) * G::kFromBytes) &
      15U;
  if (shift_bytes > head * G::kFromBytes) {
    head += G::kElements;
  }
  const int64_t behind =
      shift_bytes == 0 ? 0 : (16U - shift_bytes) / G::kFromBytes;
  const int64_t room = elements - head - behind;
  const int64_t groups = room < 0 ? 0 : room / G::kElements;

  const int64_t singles = elements - groups * G::kElements;
  for (int64_t single = thread; single < singles; single += threads) {
    const int64_t i =
        single < head || groups == 0 ? single : single + groups * G::kElements;
    reinterpret_cast<BitsOf<kTo>*>(target)[i] =
        CastOne<kFrom, kTo>(reinterpret_cast<const BitsOf<kFrom>*>(source)[i]);
  }
  const uint8_t* aligned = source + head * G::kFromBytes - shift_bytes;
  uint8_t* const aligned_target = target + head * G::kToBytes;
  if (shift_bytes == 0) {
    CastGroups<kFrom, kTo, false>(aligned, 0, aligned_target, groups, thread,
                                  threads);
  } else {
    CastGroups<kFrom, kTo, true>(aligned, shift_bytes, aligned_target, groups,
                                 thread, threads);
  }
}

}  // namespace
}  // namespace cairn

#endif  // CAIRN_RANGE_H_
