package dev.cairn.content;

import dev.cairn.io.SourceRange;
import dev.cairn.model.PartitionReader;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.Gathering;
import dev.cairn.torchfile.SourceReader;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Reads a tensor from where it lies, in the dtype that it is stored in. Where several holders have
 * the same elements, their bytes are compared.
 *
 * @param name of the tensor, for messages
 * @param content where the elements lie
 * @param reader borrowed, not closed here
 */
public record ContentReader(String name, Content content, SourceReader reader)
    implements PartitionReader {
  private static final int COMPARED_BYTES = 1 << 16;

  @Override
  public void read(long byteOffset, ByteBuffer target) throws IOException {
    DType dtype = content.dtype();
    int width = dtype.bits() / 8;
    long begin = byteOffset / width;
    long end = begin + target.remaining() / width;
    ByteBuffer written = target.duplicate();
    try (Gathering gathering = reader.gather(target)) {
      content.visit(begin, end, gathering::add);
      gathering.finish();
    }
    if (content.hasReplicas()) {
      content.visitReplicas(begin, end, range -> compare(range, begin, written));
    }
  }

  private void compare(SourceRange range, long begin, ByteBuffer written) throws IOException {
    int width = content.dtype().bits() / 8;
    ByteBuffer other = ByteBuffer.allocate((int) Math.min(COMPARED_BYTES, range.lengthBytes()));
    long step = COMPARED_BYTES / width;
    for (long at = 0; at < range.elements(); at += step) {
      SourceRange part = range.part(at, Math.min(step, range.elements() - at));
      other.clear().limit((int) part.lengthBytes());
      reader.read(part, other);
      int first = Math.toIntExact((part.beginElement() - begin) * width);
      ByteBuffer own = written.slice(written.position() + first, (int) part.lengthBytes());
      int difference = other.flip().mismatch(own);
      if (difference >= 0) {
        throw new CorruptFileException(
            "replicas of a tensor differ: tensor="
                + name
                + ", element="
                + (part.beginElement() + difference / width)
                + ", file="
                + range.file()
                + "; the ranks had different weights, or these are files of two saves");
      }
    }
  }
}
