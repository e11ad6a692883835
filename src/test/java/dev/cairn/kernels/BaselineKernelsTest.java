package dev.cairn.kernels;

class BaselineKernelsTest extends NativeKernelsContract {
  BaselineKernelsTest() {
    super(Isa.BASELINE);
  }
}
