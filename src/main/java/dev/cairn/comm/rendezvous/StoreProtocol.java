package dev.cairn.comm.rendezvous;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The bytes of PyTorch's TCP store, as far as Cairn speaks it: a command, keys and values with 8
 * bytes of length before them, all little endian.
 *
 * @see <a
 *     href="https://github.com/pytorch/pytorch/blob/v2.10.0/torch/csrc/distributed/c10d/TCPStoreLibUvBackend.cpp">
 *     TCPStoreLibUvBackend.cpp</a>
 */
final class StoreProtocol {
  static final int VALIDATE = 0;
  static final int SET = 1;
  static final int GET = 3;
  static final int CHECK = 5;
  static final int DELETE_KEY = 8;
  static final int PING = 13;

  /** First of every connection, after {@link #VALIDATE}. */
  static final int MAGIC = 0x3C85F7CE;

  static final byte READY = 0;
  static final byte NOT_READY = 1;

  private static final int MAX_VALUE_BYTES = 8 << 10;

  private StoreProtocol() {}

  static ByteBuffer command(int lengthBytes, int command) {
    return ByteBuffer.allocate(1 + lengthBytes).order(ByteOrder.LITTLE_ENDIAN).put((byte) command);
  }

  static byte[] validate() {
    return command(4, VALIDATE).putInt(MAGIC).array();
  }

  static byte[] set(String key, byte[] value) {
    byte[] name = key.getBytes(StandardCharsets.UTF_8);
    return command(16 + name.length + value.length, SET)
        .putLong(name.length)
        .put(name)
        .putLong(value.length)
        .put(value)
        .array();
  }

  /** Returns a command about one key, with a count of keys before it for {@link #CHECK}. */
  static byte[] about(int command, String key) {
    byte[] name = key.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = command(16 + name.length, command);
    if (command == CHECK) {
      bytes.putLong(1);
    }
    bytes.putLong(name.length).put(name).flip();
    byte[] exact = new byte[bytes.remaining()];
    bytes.get(exact);
    return exact;
  }

  static byte[] value(byte[] value) {
    return ByteBuffer.allocate(8 + value.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(value.length)
        .put(value)
        .array();
  }

  static byte[] number(long number) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
  }

  static long readNumber(DataInputStream in) throws IOException {
    return Long.reverseBytes(in.readLong());
  }

  static byte[] readValue(DataInputStream in) throws IOException {
    long lengthBytes = readNumber(in);
    if (lengthBytes < 0 || lengthBytes > MAX_VALUE_BYTES) {
      throw new ProtocolException(
          "malformed store message: valueBytes=%d, expected at most %d"
              .formatted(lengthBytes, MAX_VALUE_BYTES));
    }
    byte[] value = new byte[(int) lengthBytes];
    in.readFully(value);
    return value;
  }

  static String readKey(DataInputStream in) throws IOException {
    return new String(readValue(in), StandardCharsets.UTF_8);
  }
}
