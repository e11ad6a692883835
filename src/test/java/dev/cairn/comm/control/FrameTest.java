package dev.cairn.comm.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameTest {
  private static ByteBuffer whole(List<ByteBuffer> parts) {
    ByteBuffer bytes = ByteBuffer.allocate(parts.stream().mapToInt(ByteBuffer::remaining).sum());
    parts.forEach(part -> bytes.put(part.duplicate()));
    return bytes.flip();
  }

  private static Frame parsed(List<ByteBuffer> parts) throws ProtocolException {
    ByteBuffer bytes = whole(parts);
    Frame empty = Frame.parseHeader(bytes, Frame.MAX_BODY_BYTES);
    assertEquals(bytes.remaining(), empty.body().capacity());
    return new Frame(empty.kind(), empty.number(), bytes);
  }

  private static void assertArrives(List<byte[]> messages) throws ProtocolException {
    List<byte[]> read = parsed(Frame.result(9, messages)).readMessages();
    assertEquals(messages.size(), read.size());
    for (int rank = 0; rank < messages.size(); rank++) {
      assertArrayEquals(messages.get(rank), read.get(rank));
    }
  }

  @Test
  void resultArrivesWhateverItsMessagesAre() throws Exception {
    Random random = new Random(4);
    int[] lengths = {0, 0, 0, 1, 7, 65_536, 65_535, 20_000, 200_000, 0, 3};
    for (int round = 0; round < 200; round++) {
      List<byte[]> messages = new ArrayList<>();
      int ranks = random.nextInt(12);
      for (int rank = 0; rank < ranks; rank++) {
        byte[] message = new byte[lengths[random.nextInt(lengths.length)]];
        if (random.nextBoolean()) {
          random.nextBytes(message);
        }
        messages.add(message);
      }
      assertArrives(messages);
    }
  }

  @Test
  void ranksThatSayTheSameTakeTheBytesOfOne() {
    int one = whole(Frame.result(1, List.of(new byte[40]))).remaining();
    List<ByteBuffer> parts = Frame.result(1, Collections.nCopies(4096, new byte[40]));
    assertEquals(one, whole(parts).remaining());
  }

  @Test
  void manySmallMessagesTakeFewSystemCalls() {
    List<byte[]> messages = new ArrayList<>();
    for (int rank = 0; rank < 4096; rank++) {
      messages.add(ByteBuffer.allocate(40).putInt(0, rank).array());
    }
    List<ByteBuffer> parts = Frame.result(1, messages);
    assertTrue(parts.size() <= 4, () -> "buffers=" + parts.size());
  }

  @Test
  void countsAndLengthsThatCannotBeAreRefused() {
    for (int[] numbers : new int[][] {{0, 0}, {-1, 0}, {1, -1}, {1, 9}, {Integer.MAX_VALUE, 0}}) {
      ByteBuffer body = ByteBuffer.allocate(8).putInt(numbers[0]).putInt(numbers[1]).flip();
      Frame frame = new Frame(Frame.Kind.RESULT, 1, body);
      assertThrows(ProtocolException.class, frame::readMessages);
    }
    Frame cut = new Frame(Frame.Kind.RESULT, 1, ByteBuffer.allocate(3));
    assertThrows(ProtocolException.class, cut::readMessages);
  }
}
