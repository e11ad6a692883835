package dev.cairn.machine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The memory of a process of this host, read by its addresses. The system lets a process read
 * another's of the same user, unless it forbids debugging: Yama's {@code ptrace_scope} does, and
 * some containers. Any thread.
 *
 * @see <a href="https://man7.org/linux/man-pages/man5/proc_pid_mem.5.html">proc_pid_mem(5)</a>
 */
public final class ProcessMemory implements AutoCloseable {
  private final long pid;
  private final FileChannel memory;

  private ProcessMemory(long pid, FileChannel memory) {
    this.pid = pid;
    this.memory = memory;
  }

  /**
   * {@return the memory of a process}
   *
   * @param pid its id, as this process sees it
   * @throws IOException if there is no such process, or it may not be read
   */
  public static ProcessMemory of(long pid) throws IOException {
    Path path = Path.of("/proc", Long.toString(pid), "mem");
    return new ProcessMemory(pid, FileChannel.open(path, StandardOpenOption.READ));
  }

  /**
   * Fills a direct buffer from its position to its limit.
   *
   * @param address of the first byte in the process
   * @throws IOException if there is no memory there, not of a kind that can be read from outside,
   *     or the process has ended
   */
  public void read(long address, ByteBuffer target) throws IOException {
    int first = target.position();
    while (target.hasRemaining()) {
      int count = memory.read(target, address + target.position() - first);
      if (count <= 0) {
        throw new IOException("process has ended: its memory is gone, pid=" + pid);
      }
    }
  }

  @Override
  public void close() throws IOException {
    memory.close();
  }
}
