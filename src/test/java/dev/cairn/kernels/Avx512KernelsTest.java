package dev.cairn.kernels;

class Avx512KernelsTest extends NativeKernelsContract {
  Avx512KernelsTest() {
    super(Isa.AVX512);
  }
}
