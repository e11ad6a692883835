package dev.cairn.restore;

import dev.cairn.restore.ReadPlan.ReadRange;
import dev.cairn.safetensors.Manifest.TensorRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What one rank asks of rank 0 at once: ranges whose bytes fit a staging buffer one behind the
 * other. The question is a small message of fixed length, the answer those bytes.
 *
 * <p>A staging buffer has one page more than a chunk needs. The question is in that page, the bytes
 * before it: so nothing is allocated.
 */
final class RangeMessage {
  static final int QUESTION_BYTES = 4096;
  private static final int RANGE_BYTES = Integer.BYTES + Long.BYTES + Integer.BYTES;
  private static final int MOST_RANGES = (QUESTION_BYTES - Integer.BYTES) / RANGE_BYTES;

  private RangeMessage() {}

  /** Returns the place of a question in a staging buffer. */
  static ByteBuffer question(ByteBuffer staging) {
    int begin = staging.capacity() - QUESTION_BYTES;
    return staging.duplicate().limit(staging.capacity()).position(begin).slice();
  }

  /** Returns the place of an answer in a staging buffer. */
  static ByteBuffer answer(ByteBuffer staging, int lengthBytes) {
    return staging.duplicate().clear().limit(lengthBytes);
  }

  /** Groups ranges so that each group is one message. */
  static List<List<ReadRange>> group(List<ReadRange> ranges, int bufferBytes) {
    List<List<ReadRange>> groups = new ArrayList<>();
    int begin = 0;
    long usedBytes = 0;
    for (int index = 0; index < ranges.size(); index++) {
      int lengthBytes = ranges.get(index).lengthBytes();
      if (index - begin == MOST_RANGES || usedBytes + lengthBytes > bufferBytes) {
        groups.add(ranges.subList(begin, index));
        begin = index;
        usedBytes = 0;
      }
      usedBytes += lengthBytes;
    }
    if (begin < ranges.size()) {
      groups.add(ranges.subList(begin, ranges.size()));
    }
    return groups;
  }

  static int lengthBytes(List<ReadRange> group) {
    return group.stream().mapToInt(ReadRange::lengthBytes).sum();
  }

  /** Returns where each tensor stands in the manifest: its name on the way. */
  static Map<TensorRecord, Integer> places(List<TensorRecord> tensors) {
    Map<TensorRecord, Integer> places = new HashMap<>();
    for (int place = 0; place < tensors.size(); place++) {
      places.put(tensors.get(place), place);
    }
    return places;
  }

  /** Writes which bytes are wanted. */
  static void encode(
      List<ReadRange> group, Map<TensorRecord, Integer> places, ByteBuffer question) {
    question.clear().putInt(group.size());
    for (ReadRange range : group) {
      question.putInt(places.get(range.source()));
      question.putLong(range.byteOffset()).putInt(range.lengthBytes());
    }
    question.clear();
  }

  /** Reads the bytes that a question wants; returns them as the answer. */
  static ByteBuffer read(CheckpointReader reader, ByteBuffer staging) throws IOException {
    ByteBuffer question = question(staging);
    ByteBuffer answer = answer(staging, 0);
    for (int left = question.getInt(); left > 0; left--) {
      TensorRecord tensor = reader.tensors().get(question.getInt());
      long byteOffset = question.getLong();
      answer.limit(answer.position() + question.getInt());
      reader.read(tensor, byteOffset, answer);
    }
    return answer.flip();
  }
}
