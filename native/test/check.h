// The least that a test needs.
#ifndef CAIRN_CHECK_H_
#define CAIRN_CHECK_H_

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <string>

// Ends the test unless the two are equal; where says what was being looked at.
inline void CheckEqual(uint64_t expected, uint64_t actual,
                       const std::string& where) {
  if (expected != actual) {
    fprintf(stderr, "FAILED %s: actual=0x%llx, expected 0x%llx\n",
            where.c_str(), static_cast<unsigned long long>(actual),
            static_cast<unsigned long long>(expected));
    exit(1);
  }
}

// A fixed sequence of 64 bits each that look random.
class Sequence {
 public:
  explicit Sequence(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

#endif  // CAIRN_CHECK_H_
