/** Declarations of the native file functions in {@code cairn/cpu.h}; internal. */
package dev.cairn.io.jni;
