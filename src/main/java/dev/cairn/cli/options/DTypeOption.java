package dev.cairn.cli.options;

import dev.cairn.tensor.DType;

/** The values of {@code --dtype}. */
public enum DTypeOption {
  BF16(DType.BF16),
  F16(DType.F16),
  F32(DType.F32),
  KEEP(null);

  private final DType dtype;

  DTypeOption(DType dtype) {
    this.dtype = dtype;
  }

  /** Returns the dtype to cast to, or null to keep. */
  public DType dtype() {
    return dtype;
  }

  @Override
  public String toString() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
