// CRC32C as fast as it is known how to, for the benchmarks to hold the kernels
// against: the ways of which one is the fastest on every processor with
// SSE4.2, called from Java.
//
// With VPCLMULQDQ the vector unit folds most of each block while the scalar
// unit's crc32 instruction takes the rest, on ports of its own; the sums are
// joined at the end of a block. Without it, three streams of crc32.
// See "Faster CRC32" by Peter Cawley and Intel's "Fast CRC Computation for
// Generic Polynomials Using PCLMULQDQ".
#include <immintrin.h>
#include <jni.h>

#include <cstdint>
#include <cstring>

namespace {

constexpr uint32_t kPolynomial = 0x82F63B78U;

constexpr uint32_t Multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 0x80000000U; bit != 0; bit >>= 1) {
    product ^= (a & bit) != 0 ? b : 0U;
    b = (b >> 1) ^ ((b & 1U) != 0 ? kPolynomial : 0U);
  }
  return product;
}

// x^exponent mod P, reflected.
constexpr uint32_t PowerOfX(uint64_t exponent) {
  uint32_t result = 0x80000000U;
  for (uint32_t base = 0x40000000U; exponent != 0; exponent >>= 1) {
    if ((exponent & 1U) != 0) result = Multiply(result, base);
    base = Multiply(base, base);
  }
  return result;
}

uint64_t Word(const uint8_t* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

#define CRC_TARGET "sse4.2,pclmul"
#define VECTOR_TARGET "sse4.2,pclmul,avx512f,avx512vl,avx512bw,vpclmulqdq"

// The register after as many zero bytes as shift = x^(8 * bytes - 33) stands
// for.
__attribute__((target(CRC_TARGET), always_inline)) inline uint32_t Skip(
    uint64_t state, uint32_t shift) {
  __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi32_si128(static_cast<int>(state)),
                           _mm_cvtsi32_si128(static_cast<int>(shift)), 0);
  return _mm_crc32_u64(0, _mm_cvtsi128_si64(product));
}

__attribute__((target(CRC_TARGET))) uint32_t Rest(uint64_t state,
                                                  const uint8_t* at,
                                                  int64_t bytes) {
  for (; bytes >= 8; bytes -= 8, at += 8)
    state = _mm_crc32_u64(state, Word(at));
  for (; bytes > 0; bytes--, at++) state = _mm_crc32_u8(state, *at);
  return state;
}

__attribute__((target(CRC_TARGET))) uint32_t ThreeStreams(uint32_t state,
                                                          const uint8_t* at,
                                                          int64_t bytes) {
  constexpr int64_t kStripe = 4096;
  constexpr uint32_t kOne = PowerOfX(8 * kStripe - 33);
  constexpr uint32_t kTwo = PowerOfX(16 * kStripe - 33);
  for (; bytes >= 3 * kStripe; bytes -= 3 * kStripe, at += 3 * kStripe) {
    uint64_t a = state, b = 0, c = 0;
    for (int64_t i = 0; i < kStripe; i += 8) {
      a = _mm_crc32_u64(a, Word(at + i));
      b = _mm_crc32_u64(b, Word(at + kStripe + i));
      c = _mm_crc32_u64(c, Word(at + 2 * kStripe + i));
    }
    state = Skip(a, kTwo) ^ Skip(b, kOne) ^ static_cast<uint32_t>(c);
  }
  return Rest(state, at, bytes);
}

__attribute__((target(VECTOR_TARGET), always_inline)) inline __m512i Fold(
    __m512i lanes, __m512i factors, __m512i next) {
  return _mm512_ternarylogic_epi64(
      _mm512_clmulepi64_epi128(lanes, factors, 0x00),
      _mm512_clmulepi64_epi128(lanes, factors, 0x11), next, 0x96);
}

__attribute__((target(VECTOR_TARGET), always_inline)) inline __m512i By(
    uint64_t bits) {
  long long first = PowerOfX(bits + 31), second = PowerOfX(bits - 33);
  return _mm512_set_epi64(second, first, second, first, second, first, second,
                          first);
}

// kVectors accumulators of 64 bytes; kWords words of each step of the vectors
// go through crc32 in three streams of their own behind the vectors' part of a
// block.
template <int kVectors, int kWords>
__attribute__((target(VECTOR_TARGET))) uint32_t Mixed(uint32_t state,
                                                      const uint8_t* at,
                                                      int64_t bytes) {
  constexpr int64_t kSteps = 256, kStep = kVectors * 64;
  constexpr int64_t kFolded = kSteps * kStep, kStripe = kSteps * kWords * 8;
  constexpr int64_t kBlock = kFolded + 3 * kStripe;
  constexpr uint32_t kOne = PowerOfX(8 * kStripe - 33);
  constexpr uint32_t kTwo = PowerOfX(16 * kStripe - 33);
  constexpr uint32_t kThree = PowerOfX(24 * kStripe - 33);
  const __m512i by_step = By(8 * kStep), by_vector = By(512);
  for (; bytes >= kBlock; bytes -= kBlock, at += kBlock) {
    __m512i lanes[kVectors];
    for (int v = 0; v < kVectors; v++)
      lanes[v] = _mm512_loadu_si512(at + 64 * v);
    lanes[0] = _mm512_xor_si512(
        lanes[0],
        _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(state))));
    const uint8_t* stripe = at + kFolded;
    uint64_t a = 0, b = 0, c = 0;
    for (int64_t step = 0; step < kSteps; step++) {
      if (step > 0) {
        const uint8_t* next = at + step * kStep;
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; v++) {
          lanes[v] = Fold(lanes[v], by_step, _mm512_loadu_si512(next + 64 * v));
        }
      }
#pragma GCC unroll 16
      for (int w = 0; w < kWords; w++) {
        a = _mm_crc32_u64(a, Word(stripe));
        b = _mm_crc32_u64(b, Word(stripe + kStripe));
        c = _mm_crc32_u64(c, Word(stripe + 2 * kStripe));
        stripe += 8;
      }
    }
    __m512i sum = lanes[0];
    for (int v = 1; v < kVectors; v++) sum = Fold(sum, by_vector, lanes[v]);
    alignas(64) uint64_t words[8];
    _mm512_store_si512(words, sum);
    uint64_t folded = 0;
    for (uint64_t word : words) folded = _mm_crc32_u64(folded, word);
    state = kWords == 0 ? static_cast<uint32_t>(folded)
                        : Skip(folded, kThree) ^ Skip(a, kTwo) ^ Skip(b, kOne) ^
                              static_cast<uint32_t>(c);
  }
  return ThreeStreams(state, at, bytes);
}

using Way = uint32_t (*)(uint32_t, const uint8_t*, int64_t);

struct Named {
  const char* name;
  Way way;
  bool is_vector;
};

constexpr Named kWays[] = {
    {"3 streams of crc32", ThreeStreams, false},
    {"4 vectors", Mixed<4, 0>, true},
    {"6 vectors", Mixed<6, 0>, true},
    {"8 vectors", Mixed<8, 0>, true},
    {"4 vectors and 3 streams", Mixed<4, 1>, true},
    {"4 vectors and 3 streams of 2", Mixed<4, 2>, true},
    {"6 vectors and 3 streams of 2", Mixed<6, 2>, true},
    {"3 vectors and 3 streams", Mixed<3, 1>, true},
};

bool HasVectors() {
  return __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("vpclmulqdq");
}

}  // namespace

extern "C" {

// How many ways there are on this processor.
JNIEXPORT jint JNICALL
Java_dev_cairn_benchmarks_kernels_ChecksumBound_count(JNIEnv*, jclass) {
  if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("pclmul")) {
    return 0;
  }
  int count = 0;
  for (const Named& named : kWays) count += !named.is_vector || HasVectors();
  return count;
}

JNIEXPORT jstring JNICALL Java_dev_cairn_benchmarks_kernels_ChecksumBound_name(
    JNIEnv* env, jclass, jint way) {
  return env->NewStringUTF(kWays[way].name);
}

JNIEXPORT jint JNICALL Java_dev_cairn_benchmarks_kernels_ChecksumBound_crc32c(
    JNIEnv* env, jclass, jint way, jobject source, jint bytes) {
  auto* at = static_cast<const uint8_t*>(env->GetDirectBufferAddress(source));
  return static_cast<jint>(~kWays[way].way(~0U, at, bytes));
}

// Only reads: what memory allows.
__attribute__((target_clones("avx512f", "avx2", "default")))
JNIEXPORT jlong JNICALL
Java_dev_cairn_benchmarks_kernels_ChecksumBound_sum(JNIEnv* env, jclass,
                                                    jobject source,
                                                    jint bytes) {
  auto* at = static_cast<const uint64_t*>(env->GetDirectBufferAddress(source));
  uint64_t sum = 0;
  for (int64_t i = 0; i < bytes / 8; i++) sum += at[i];
  return static_cast<jlong>(sum);
}
}
