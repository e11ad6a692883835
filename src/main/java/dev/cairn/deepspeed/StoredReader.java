package dev.cairn.deepspeed;

import dev.cairn.model.PartitionReader;
import dev.cairn.torchfile.SourceReader;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Reads a parameter in the dtype that it is stored in.
 *
 * @param parameter where the elements lie
 * @param reader borrowed, not closed here
 */
record StoredReader(CheckpointParameter parameter, SourceReader reader) implements PartitionReader {
  @Override
  public void read(long byteOffset, ByteBuffer target) throws IOException {
    int width = parameter.storedDType().bits() / 8;
    long begin = byteOffset / width;
    parameter.visitRanges(
        begin, begin + target.remaining() / width, range -> reader.read(range, target));
  }
}
