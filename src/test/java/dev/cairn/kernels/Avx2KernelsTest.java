package dev.cairn.kernels;

class Avx2KernelsTest extends NativeKernelsContract {
  Avx2KernelsTest() {
    super(Isa.AVX2);
  }
}
