package dev.cairn.machine;

/**
 * Which process this is, among all processes of all hosts and for all times.
 *
 * <p>Host names do not tell hosts apart: many containers are called {@code localhost}. The number
 * of a process id namespace does not either: the first one has the same number on every host. With
 * the id that the kernel drew when it booted, both do.
 *
 * @param bootId the random id of the boot of the host's kernel; empty if there is none
 * @param namespace the process id namespace in which {@code pid} means something; empty if there is
 *     none
 * @param pid the process id
 * @param startTicks when the process started, in the kernel's ticks since the boot, so that a
 *     process id that is used again is not taken for the same process
 */
public record ProcessIdentity(String bootId, String namespace, long pid, long startTicks) {
  /**
   * {@return whether it can be told from here if the other one lives}
   *
   * @param other as it once said of itself
   */
  public boolean sees(ProcessIdentity other) {
    return !bootId.isEmpty() && bootId.equals(other.bootId) && namespace.equals(other.namespace);
  }
}
