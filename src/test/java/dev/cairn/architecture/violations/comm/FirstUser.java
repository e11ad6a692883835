package dev.cairn.architecture.violations.comm;

import org.bytedeco.pytorch.Tensor;

/** One user of PyTorch in this package is allowed. */
public record FirstUser(Tensor tensor) {}
