package dev.cairn.kernels;

import java.util.Locale;

/** Instruction sets; each includes those before it. */
enum Isa {
  BASELINE(0),
  AVX2(1),
  AVX512(2);

  private final int code;

  Isa(int code) {
    this.code = code;
  }

  /** Returns the {@code CAIRN_ISA_*}. */
  int code() {
    return code;
  }

  static Isa ofCode(int code) {
    for (Isa isa : values()) {
      if (isa.code == code) {
        return isa;
      }
    }
    throw new IllegalArgumentException("unknown instruction set: code=" + code);
  }

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the best that {@code supported} and the cap allow.
   *
   * @param cap the value of {@code CAIRN_MAX_ISA}; null or empty for none
   */
  static Isa choose(Isa supported, String cap) {
    if (cap == null || cap.isEmpty()) {
      return supported;
    }
    for (Isa isa : values()) {
      if (isa.label().equals(cap)) {
        return isa.compareTo(supported) < 0 ? isa : supported;
      }
    }
    throw new IllegalArgumentException(
        "unknown instruction set: CAIRN_MAX_ISA=" + cap + ", expected baseline, avx2 or avx512");
  }
}
