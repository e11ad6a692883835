package dev.cairn.device;

/**
 * Where a partition's memory is.
 *
 * @param kind host or GPU memory
 * @param index which GPU, counted as CUDA does; 0 for the host
 */
public record Device(Kind kind, int index) {
  private static final Device CPU = new Device(Kind.CPU, 0);

  /** The kinds of memory. */
  public enum Kind {
    /** Host memory. */
    CPU,
    /** Memory of an NVIDIA GPU. */
    CUDA
  }

  /** {@return the host} */
  public static Device cpu() {
    return CPU;
  }

  /**
   * {@return a GPU}
   *
   * @param index counted from 0, as CUDA does in this process
   */
  public static Device cuda(int index) {
    return new Device(Kind.CUDA, index);
  }

  /** {@return whether host code may read the memory} */
  public boolean isCpu() {
    return kind == Kind.CPU;
  }

  @Override
  public String toString() {
    return isCpu() ? "cpu" : "cuda:" + index;
  }
}
