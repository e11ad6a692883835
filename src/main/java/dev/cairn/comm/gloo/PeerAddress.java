package dev.cairn.comm.gloo;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/** Where a rank's Gloo listens, for messages: the rest of what Gloo tells of itself is its own. */
final class PeerAddress {
  private static final int IP_4 = 2;
  private static final int IP_6 = 10;
  private static final int BYTES_BEFORE_IP_6 = 4;

  private PeerAddress() {}

  /** Returns the address in what {@link AddressBook#awaitOwn} gave, if it is as it was known. */
  static Optional<InetSocketAddress> of(byte[] told) {
    ByteBuffer bytes = ByteBuffer.wrap(told).order(ByteOrder.LITTLE_ENDIAN);
    try {
      int hostNameBytes = Math.toIntExact(bytes.getLong());
      bytes.position(Long.BYTES + hostNameBytes + Long.BYTES);
      int family = bytes.getShort();
      int port = Short.toUnsignedInt(bytes.order(ByteOrder.BIG_ENDIAN).getShort());
      if (family != IP_4 && family != IP_6) {
        return Optional.empty();
      }
      int begin = bytes.position() + (family == IP_6 ? BYTES_BEFORE_IP_6 : 0);
      byte[] ip = Arrays.copyOfRange(told, begin, begin + (family == IP_6 ? 16 : 4));
      return Optional.of(new InetSocketAddress(InetAddress.getByAddress(ip), port));
    } catch (BufferUnderflowException | IllegalArgumentException | ArithmeticException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new IllegalStateException(e); // No address of 4 or 16 bytes is wrong.
    }
  }

  /** Returns {@code 10.0.0.1:2000}. */
  static String name(InetSocketAddress address) {
    return address.getAddress().getHostAddress() + ":" + address.getPort();
  }
}
