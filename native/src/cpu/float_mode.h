// How this thread computes with floating point.
#ifndef CAIRN_FLOAT_MODE_H_
#define CAIRN_FLOAT_MODE_H_

#include <stdint.h>

#ifdef __x86_64__
#include <emmintrin.h>
#endif

namespace cairn {
namespace {

// Rounding to nearest and no flushing of denormals while it lives: a library in
// this process may have changed either. Only conversions from F64 depend on it.
class DefaultFloatMode {
 public:
  DefaultFloatMode() : before_(Get()) { Set(kDefault); }
  ~DefaultFloatMode() { Set(before_); }
  DefaultFloatMode(const DefaultFloatMode&) = delete;
  DefaultFloatMode& operator=(const DefaultFloatMode&) = delete;

 private:
#ifdef __x86_64__
  using Mode = unsigned;
  static constexpr Mode kDefault = 0x1F80;
  static Mode Get() { return _mm_getcsr(); }
  static void Set(Mode mode) { _mm_setcsr(mode); }
#else
  using Mode = uint64_t;
  static constexpr Mode kDefault = 0;
  static Mode Get() {
    Mode mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
  }
  static void Set(Mode mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#endif

  const Mode before_;
};

}  // namespace
}  // namespace cairn

#endif  // CAIRN_FLOAT_MODE_H_
