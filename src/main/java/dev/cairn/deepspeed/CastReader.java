package dev.cairn.deepspeed;

import dev.cairn.kernels.Kernels;
import dev.cairn.model.PartitionReader;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.ReadBuffers;
import dev.cairn.torchfile.SourceReader;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Reads a parameter cast to the dtype that the live engine held it in.
 *
 * @param parameter where the elements lie
 * @param reader borrowed, not closed here
 * @param kernels what casts
 * @param buffers where elements are read before the cast
 */
record CastReader(
    CheckpointParameter parameter, SourceReader reader, Kernels kernels, ReadBuffers buffers)
    implements PartitionReader {
  @Override
  public void read(long byteOffset, ByteBuffer target) throws IOException {
    DType stored = parameter.storedDType();
    DType held = parameter.heldDType();
    long begin = byteOffset / (held.bits() / 8);
    int elements = target.remaining() / (held.bits() / 8);
    int step = ReadBuffers.BUFFER_BYTES / (stored.bits() / 8);
    PartitionReader content = parameter.reader(reader);
    ByteBuffer buffer = buffers.take();
    try {
      for (int done = 0; done < elements; done += step) {
        int count = Math.min(step, elements - done);
        buffer.clear().limit(Math.toIntExact(stored.bytes(count)));
        content.read(stored.bytes(begin + done), buffer);
        kernels.cast(stored, buffer.flip(), held, target, count, 0);
        target.position(target.position() + Math.toIntExact(held.bytes(count)));
      }
    } finally {
      buffers.giveBack(buffer);
    }
  }
}
