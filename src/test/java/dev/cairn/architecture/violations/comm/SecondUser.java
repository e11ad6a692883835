package dev.cairn.architecture.violations.comm;

import org.bytedeco.pytorch.Tensor;

/** The second user of PyTorch in this package is one too many. */
public record SecondUser(Tensor tensor) {}
