package dev.cairn.torchfile;

import dev.cairn.io.SourceRange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Reads many ranges to one target, those that lie near each other in a file together: of a tensor
 * that is cut along an inner dimension every row is a range of its own.
 *
 * <p>Holds one buffer of {@link ReadBuffers#BUFFER_BYTES}. One thread; closing it gives the buffer
 * back and reads nothing.
 */
public final class Gathering implements AutoCloseable {
  /** Longer ones are read by themselves: a call for each costs little beside its bytes. */
  private static final int SMALL_BYTES = 1 << 16;

  /** Bytes between two ranges that are rather read than left out. */
  private static final int GAP_BYTES = 1 << 12;

  private static final int MAX_WAITING = 4096;
  private static final Comparator<Waiting> BY_PLACE =
      Comparator.<Waiting, Path>comparing(waiting -> waiting.range().file())
          .thenComparingLong(waiting -> waiting.range().fileOffset());

  private final SourceReader reader;
  private final ReadBuffers buffers;
  private final ByteBuffer target;
  private final List<Waiting> waiting = new ArrayList<>();
  private ByteBuffer buffer;
  private int end;

  /** A range that is not read yet, and where in the target it goes. */
  private record Waiting(SourceRange range, int position) {
    long endOffset() {
      return range.fileOffset() + range.lengthBytes();
    }
  }

  Gathering(SourceReader reader, ReadBuffers buffers, ByteBuffer target) {
    this.reader = reader;
    this.buffers = buffers;
    this.target = target;
    this.end = target.position();
  }

  /** Takes the range that comes next in the target; it may be read at once or later. */
  public void add(SourceRange range) throws IOException {
    int position = end;
    end = Math.addExact(end, Math.toIntExact(range.lengthBytes()));
    if (!range.isContiguous() || range.lengthBytes() > SMALL_BYTES) {
      reader.read(range, slot(position, range));
      return;
    }
    waiting.add(new Waiting(range, position));
    if (waiting.size() == MAX_WAITING) {
      readWaiting();
    }
  }

  /** Reads what is not read yet, and moves the target's position behind it all. */
  public void finish() throws IOException {
    readWaiting();
    target.position(end);
  }

  private ByteBuffer slot(int position, SourceRange range) {
    return target.slice(position, Math.toIntExact(range.lengthBytes()));
  }

  private void readWaiting() throws IOException {
    waiting.sort(BY_PLACE);
    for (int first = 0; first < waiting.size(); ) {
      int next = first + 1;
      while (next < waiting.size() && fits(waiting.get(first), next)) {
        next++;
      }
      readTogether(waiting.subList(first, next));
      first = next;
    }
    waiting.clear();
  }

  private boolean fits(Waiting first, int next) {
    Waiting one = waiting.get(next);
    return one.range().file().equals(first.range().file())
        && one.range().fileOffset() <= waiting.get(next - 1).endOffset() + GAP_BYTES
        && one.endOffset() - first.range().fileOffset() <= ReadBuffers.BUFFER_BYTES;
  }

  private void readTogether(List<Waiting> near) throws IOException {
    SourceRange first = near.get(0).range();
    if (near.size() == 1) {
      reader.read(first, slot(near.get(0).position(), first));
      return;
    }
    if (buffer == null) {
      buffer = buffers.take();
    }
    long lastOffset = near.stream().mapToLong(Waiting::endOffset).max().orElseThrow();
    buffer.clear().limit((int) (lastOffset - first.fileOffset()));
    reader.readFully(first.file(), first.fileOffset(), buffer);
    for (Waiting one : near) {
      int from = (int) (one.range().fileOffset() - first.fileOffset());
      int lengthBytes = (int) one.range().lengthBytes();
      target.put(one.position(), buffer, from, lengthBytes);
    }
  }

  @Override
  public void close() {
    if (buffer != null) {
      buffers.giveBack(buffer);
      buffer = null;
    }
  }
}
