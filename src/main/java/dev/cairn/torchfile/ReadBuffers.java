package dev.cairn.torchfile;

import dev.cairn.device.HostMemory;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** Small buffers for reads that cast or gather, as many as there are threads that read at once. */
public final class ReadBuffers implements AutoCloseable {
  public static final int BUFFER_BYTES = 256 << 10;

  private final List<HostMemory> memories = new ArrayList<>();
  private final ArrayDeque<ByteBuffer> free = new ArrayDeque<>();

  /** Lends a buffer, cleared. */
  public synchronized ByteBuffer take() {
    if (free.isEmpty()) {
      HostMemory memory = HostMemory.allocate(BUFFER_BYTES);
      memories.add(memory);
      return memory.view(0, BUFFER_BYTES);
    }
    return free.pop().clear();
  }

  public synchronized void giveBack(ByteBuffer buffer) {
    free.push(buffer);
  }

  @Override
  public synchronized void close() {
    memories.forEach(HostMemory::close);
    memories.clear();
    free.clear();
  }
}
