/** Declarations of the native functions in {@code cairn/cpu.h}; internal. */
package dev.cairn.kernels.jni;
