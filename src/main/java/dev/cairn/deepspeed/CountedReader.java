package dev.cairn.deepspeed;

import dev.cairn.model.PartitionReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.LongConsumer;

/**
 * Tells how many bytes each read made.
 *
 * @param reader borrowed, not closed here
 * @param counter called on the threads that read, several at once
 */
record CountedReader(PartitionReader reader, LongConsumer counter) implements PartitionReader {
  @Override
  public void read(long byteOffset, ByteBuffer target) throws IOException {
    int lengthBytes = target.remaining();
    reader.read(byteOffset, target);
    counter.accept(lengthBytes);
  }
}
