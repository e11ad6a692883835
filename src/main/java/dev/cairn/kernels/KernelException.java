package dev.cairn.kernels;

/** A native kernel refused what Java had let through: a mistake in Cairn, not in its caller. */
public final class KernelException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The status that the kernel returned. */
  private final int code;

  KernelException(String message, int code) {
    super(message);
    this.code = code;
  }

  /** {@return the status that the kernel gave, as {@code cairn/cpu.h} lists them; never 0} */
  public int code() {
    return code;
  }
}
