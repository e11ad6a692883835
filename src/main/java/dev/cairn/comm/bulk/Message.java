package dev.cairn.comm.bulk;

import dev.cairn.comm.channel.Transport;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;

/**
 * One checked bulk message: a slice of the caller's direct memory, and who it goes to or comes
 * from.
 */
record Message(ByteBuffer bytes, int peer, int tag) {
  /** Returns the message that {@code rank} may send. */
  static Message outgoing(ByteBuffer direct, int peer, int tag, int rank, int size) {
    if (!direct.isDirect()) {
      throw new IllegalArgumentException(
          "buffer is not direct: expected ByteBuffer.allocateDirect, tag=" + tag);
    }
    if (peer < 0 || peer >= size || peer == rank) {
      throw new IllegalArgumentException(
          "wrong peer: peer=%d, expected another rank than %d of %d".formatted(peer, rank, size));
    }
    if (tag < 0 || tag > Transport.MAX_TAG) {
      throw new IllegalArgumentException(
          "wrong tag: tag=%d, expected 0 to %d".formatted(tag, Transport.MAX_TAG));
    }
    return new Message(direct.slice(), peer, tag);
  }

  /** Returns the message that {@code rank} may receive. */
  static Message incoming(ByteBuffer direct, int peer, int tag, int rank, int size) {
    if (direct.isReadOnly()) {
      throw new IllegalArgumentException(
          "buffer is read-only: expected a writable one, tag=" + tag,
          new ReadOnlyBufferException());
    }
    return outgoing(direct, peer, tag, rank, size);
  }

  /**
   * Returns a tag for Gloo: ours, and above it 11 bits that stand for the length.
   *
   * <p>Gloo ends the whole process when a message is longer than the memory it goes to, and says
   * nothing when it is shorter; this way such messages do not meet.
   */
  int slot() {
    int lengthBits = (bytes.remaining() * 0x9E3779B1) >>> 21;
    return (lengthBits << 20) | tag;
  }
}
