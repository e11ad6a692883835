package dev.cairn.comm.control;

import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * One unit of the control channel: body length (4 bytes), kind (1), number (8), body; big endian.
 *
 * @param number the round of a join or result, the operation of a cancellation
 * @param body from position to limit
 */
public record Frame(Kind kind, long number, ByteBuffer body) {
  /** What frames say; the codes are the protocol. */
  enum Kind {
    /** First of a rank: secret, rank, size, and which run and process it is. */
    HELLO(1),
    /** From rank 0: all ranks are here. */
    WELCOME(2),
    /** A rank's message for a round. */
    JOIN(3),
    /** A round's messages. */
    RESULT(4),
    /** Rank and reason. */
    CANCEL(5),
    /** The rank that closed its communicator. */
    LEFT(6),
    /** The rank at fault and the message; the last frame. */
    FAILED(7),
    /** A sign of life; its number is how far the rank has come. */
    HEARTBEAT(8),
    /** A rank calls a meeting; its number is the topic. */
    MEET(9),
    /** From rank 0: which step are you in? Its number is that of the question. */
    ASK(10),
    /** To a question: the step. */
    ANSWER(11),
    /** From rank 0: a topic, and the step that ranks meet after. */
    AGREED(12),
    /** A round without a result: how many operations have begun, and the reason. */
    REFUSED(13);

    private final byte code;

    Kind(int code) {
      this.code = (byte) code;
    }

    private static Kind of(int code) throws ProtocolException {
      for (Kind kind : KINDS) {
        if (kind.code == code) {
          return kind;
        }
      }
      throw new ProtocolException("malformed frame: kind=" + code);
    }
  }

  static final int HEADER_BYTES = 13;
  public static final int SECRET_BYTES = 32;
  private static final int RANK_BYTES = 8; // rank and size
  private static final int RUN_BYTES = 8; // count and length
  private static final int MAX_RANKS = 1 << 24;
  static final int MAX_HELLO_BYTES = SECRET_BYTES + RANK_BYTES + Origin.MOST_BYTES;
  static final int MAX_BODY_BYTES = Integer.MAX_VALUE - 64;

  /** Less than this is copied, so that it travels in one piece with what is beside it. */
  private static final int SMALL_BODY_BYTES = 64 << 10;

  /** Number of a hello: tells this protocol and its version from anything else. */
  private static final long MAGIC = 0x636169726e000004L;

  private static final Kind[] KINDS = Kind.values();
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  static List<ByteBuffer> empty(Kind kind) {
    return encode(kind, 0, NOTHING);
  }

  static List<ByteBuffer> empty(Kind kind, long number) {
    return encode(kind, number, NOTHING);
  }

  static List<ByteBuffer> aboutStep(Kind kind, long number, long step) {
    return encode(kind, number, ByteBuffer.allocate(Long.BYTES).putLong(0, step));
  }

  public static List<ByteBuffer> hello(byte[] secret, int rank, int size, Origin origin) {
    ByteBuffer place = ByteBuffer.allocate(RANK_BYTES).putInt(rank).putInt(size).flip();
    return encode(
        Kind.HELLO, MAGIC, ByteBuffer.wrap(secret), place, ByteBuffer.wrap(origin.encode()));
  }

  static List<ByteBuffer> join(long round, Join join) {
    return encode(Kind.JOIN, round, join.encodeHead(), ByteBuffer.wrap(join.message()));
  }

  static List<ByteBuffer> refused(long round, long operation, String reason) {
    ByteBuffer text = ByteBuffer.wrap(reason.getBytes(StandardCharsets.UTF_8));
    return encode(Kind.REFUSED, round, ByteBuffer.allocate(Long.BYTES).putLong(0, operation), text);
  }

  /**
   * Returns the messages of a round: how many ranks in a row say the same (4 bytes), its length
   * (4), and what they say. Nearly always all ranks say the same, that all is well: so what goes to
   * each of them does not grow with their number.
   */
  static List<ByteBuffer> result(long round, List<byte[]> messages) {
    List<ByteBuffer> parts = new ArrayList<>();
    int end;
    for (int begin = 0; begin < messages.size(); begin = end) {
      byte[] message = messages.get(begin);
      end = begin + 1;
      while (end < messages.size() && Arrays.equals(message, messages.get(end))) {
        end++;
      }
      parts.add(ByteBuffer.allocate(RUN_BYTES).putInt(end - begin).putInt(message.length).flip());
      parts.add(ByteBuffer.wrap(message));
    }
    return encode(Kind.RESULT, round, parts.toArray(ByteBuffer[]::new));
  }

  static List<ByteBuffer> about(Kind kind, long number, int rank, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer body = ByteBuffer.allocate(4 + utf8.length).putInt(rank).put(utf8).flip();
    return encode(kind, number, body);
  }

  private static List<ByteBuffer> encode(Kind kind, long number, ByteBuffer... body) {
    int bodyBytes = 0;
    for (ByteBuffer part : body) {
      bodyBytes = Math.addExact(bodyBytes, part.remaining());
    }
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    header.putInt(bodyBytes).put(kind.code).putLong(number).flip();
    return gathered(header, body, (long) HEADER_BYTES + bodyBytes);
  }

  /** Puts small parts together, as each buffer is a system call for each rank that it goes to. */
  private static List<ByteBuffer> gathered(ByteBuffer header, ByteBuffer[] body, long leftBytes) {
    List<ByteBuffer> whole = new ArrayList<>();
    ByteBuffer small = ByteBuffer.allocate((int) Math.min(SMALL_BODY_BYTES, leftBytes)).put(header);
    for (ByteBuffer part : body) {
      if (part.remaining() > small.remaining()) {
        whole.add(small.flip());
        boolean isSmall = part.remaining() < SMALL_BODY_BYTES;
        if (!isSmall) {
          whole.add(part);
        }
        small = ByteBuffer.allocate(SMALL_BODY_BYTES);
        if (!isSmall) {
          continue;
        }
      }
      small.put(part);
    }
    whole.add(small.flip());
    return whole;
  }

  /** Returns the frame of a whole header, its body still empty. */
  static Frame parseHeader(ByteBuffer header, int maxBodyBytes) throws ProtocolException {
    int bodyBytes = header.getInt();
    Kind kind = Kind.of(header.get());
    long number = header.getLong();
    if (bodyBytes < 0 || bodyBytes > maxBodyBytes) {
      throw new ProtocolException(
          "malformed frame: bodyBytes=%d, expected at most %d, kind=%s"
              .formatted(bodyBytes, maxBodyBytes, kind));
    }
    return new Frame(kind, number, ByteBuffer.allocate(bodyBytes));
  }

  /** Returns whether this can be a hello of this protocol. */
  boolean isHello() {
    int least = SECRET_BYTES + RANK_BYTES + Origin.LEAST_BYTES;
    return kind == Kind.HELLO && number == MAGIC && body.capacity() >= least;
  }

  int readRank() throws ProtocolException {
    if (body.remaining() < 4) {
      throw new ProtocolException("malformed frame: no rank in " + kind);
    }
    return body.getInt();
  }

  long readStep() throws ProtocolException {
    if (body.remaining() != Long.BYTES) {
      throw new ProtocolException("malformed frame: no step in " + kind);
    }
    return body.getLong();
  }

  /** Reads how many operations have begun; the reason remains. */
  long readOperation() throws ProtocolException {
    if (body.remaining() < Long.BYTES) {
      throw new ProtocolException("malformed frame: no operation in " + kind);
    }
    return body.getLong();
  }

  byte[] readRemaining() {
    byte[] bytes = new byte[body.remaining()];
    body.get(bytes);
    return bytes;
  }

  String readText() {
    return new String(readRemaining(), StandardCharsets.UTF_8);
  }

  List<byte[]> readMessages() throws ProtocolException {
    List<byte[]> messages = new ArrayList<>();
    while (body.hasRemaining()) {
      int count = body.remaining() < RUN_BYTES ? 0 : body.getInt();
      int lengthBytes = count < 1 ? -1 : body.getInt();
      if (lengthBytes < 0 || lengthBytes > body.remaining() || count > MAX_RANKS) {
        throw new ProtocolException(
            "malformed frame: messages=%d, messageBytes=%d".formatted(count, lengthBytes));
      }
      byte[] message = new byte[lengthBytes];
      body.get(message);
      messages.addAll(Collections.nCopies(count, message));
    }
    return messages;
  }
}
