/** Casts and checksums over memory: native code where there is a library for it, Java elsewhere. */
package dev.cairn.kernels;
