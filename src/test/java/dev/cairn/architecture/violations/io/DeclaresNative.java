package dev.cairn.architecture.violations.io;

/** Declares a native method outside the two packages that may. */
public final class DeclaresNative {
  /** Never linked. */
  public static native int missing();

  private DeclaresNative() {}
}
