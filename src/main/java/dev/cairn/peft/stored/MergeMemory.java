package dev.cairn.peft.stored;

import dev.cairn.device.HostMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory for the adapter's part of one weight after the other. A block that a weight no longer
 * needs serves the next: a page that is new costs more than what is computed into it. What lies in
 * a block at first is left over from its last use. Any thread.
 */
public final class MergeMemory implements AutoCloseable {
  private static final long MAX_IDLE_BYTES = 32 << 20;

  private final List<HostMemory> idle = new ArrayList<>(); // least recently given back first
  private long idleBytes;

  /** Lends a block of at least this length; whoever takes it gives it back. */
  public HostMemory take(long lengthBytes) {
    HostMemory found = find(lengthBytes);
    return found == null ? HostMemory.allocate(lengthBytes) : found;
  }

  /** Returns the smallest block that is large enough, but no waste; null if there is none. */
  private synchronized HostMemory find(long lengthBytes) {
    HostMemory best = null;
    for (HostMemory block : idle) {
      long has = block.lengthBytes();
      boolean fits = has >= lengthBytes && has / 4 <= lengthBytes;
      if (fits && (best == null || has < best.lengthBytes())) {
        best = block;
      }
    }
    if (best != null) {
      idle.remove(best);
      idleBytes -= best.lengthBytes();
    }
    return best;
  }

  /** Takes a block back; frees those that have been idle longest if they are too many. */
  public synchronized void giveBack(HostMemory block) {
    idle.add(block);
    idleBytes += block.lengthBytes();
    while (idleBytes > MAX_IDLE_BYTES) {
      HostMemory oldest = idle.remove(0);
      idleBytes -= oldest.lengthBytes();
      oldest.close();
    }
  }

  @Override
  public synchronized void close() {
    idle.forEach(HostMemory::close);
    idle.clear();
    idleBytes = 0;
  }
}
