package dev.cairn.comm.control;

import dev.cairn.comm.channel.Control;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * What a rank brings to a round.
 *
 * @param collective what it calls
 * @param operation how many operations it has begun
 * @param call the operation that the round belongs to, the same on every rank that is in step
 * @param message what the others are to know
 */
@SuppressWarnings("ArrayRecordComponent") // made, sent, read and forgotten
public record Join(Collective collective, long operation, String call, byte[] message) {
  /** More than what stands before a message, however the operation is called. */
  static final int MAX_HEAD_BYTES = 1 + Long.BYTES + Short.BYTES + 4 * Control.MAX_CALL_LENGTH;

  boolean isOfSameCall(Join other) {
    return operation == other.operation && call.equals(other.call);
  }

  /** Returns the same without its message. */
  Join withoutMessage() {
    return new Join(collective, operation, call, new byte[0]);
  }

  ByteBuffer encodeHead() {
    byte[] name = call.getBytes(StandardCharsets.UTF_8);
    ByteBuffer head = ByteBuffer.allocate(1 + Long.BYTES + Short.BYTES + name.length);
    return head.put(collective.code())
        .putLong(operation)
        .putShort((short) name.length)
        .put(name)
        .flip();
  }

  static Join decode(ByteBuffer body) throws ProtocolException {
    if (body.remaining() < 1 + Long.BYTES + Short.BYTES) {
      throw new ProtocolException("malformed frame: joinBytes=" + body.remaining());
    }
    Collective collective = Collective.of(body.get());
    long operation = body.getLong();
    byte[] name = new byte[Short.toUnsignedInt(body.getShort())];
    if (name.length > body.remaining()) {
      throw new ProtocolException("malformed frame: callBytes=" + name.length);
    }
    body.get(name);
    byte[] message = new byte[body.remaining()];
    body.get(message);
    return new Join(collective, operation, new String(name, StandardCharsets.UTF_8), message);
  }
}
