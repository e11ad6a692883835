package dev.cairn.comm.rendezvous;

import dev.cairn.comm.control.Frame;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Where rank 0's control channel listens, and the secret that admits to it.
 *
 * @param host an address or a name that the other ranks can reach
 * @param secret 64 hexadecimal digits
 */
public record Endpoint(String host, int port, String secret) {
  private static final String FIRST_WORD = "cairn3"; // with the hello of this version

  /** Returns a secret that nobody can guess. */
  public static String newSecret() {
    byte[] secret = new byte[Frame.SECRET_BYTES];
    new SecureRandom().nextBytes(secret);
    return HexFormat.of().formatHex(secret);
  }

  public byte[] secretBytes() {
    return HexFormat.of().parseHex(secret);
  }

  public InetSocketAddress address() {
    return new InetSocketAddress(host, port);
  }

  /** Returns the form that a file or a store holds; one line of ASCII. */
  public byte[] encode() {
    String line = "%s %s %d %s\n".formatted(FIRST_WORD, host, port, secret);
    return line.getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Returns what {@link #encode} wrote.
   *
   * @throws IllegalArgumentException if it is something else
   */
  public static Endpoint parse(byte[] encoded) {
    String[] words = new String(encoded, StandardCharsets.US_ASCII).trim().split(" ", -1);
    if (words.length != 4
        || !words[0].equals(FIRST_WORD)
        || !words[2].matches("[1-9][0-9]{0,4}")
        || !words[3].matches("[0-9a-f]{" + 2 * Frame.SECRET_BYTES + "}")) {
      throw new IllegalArgumentException("not an endpoint of rank 0: words=" + words.length);
    }
    return new Endpoint(words[1], Integer.parseInt(words[2]), words[3]);
  }

  /** Returns what was found, if anything was. */
  static Optional<Endpoint> parseFound(Optional<byte[]> found, String where) throws IOException {
    try {
      return found.map(Endpoint::parse);
    } catch (IllegalArgumentException e) {
      throw new IOException("%s, %s".formatted(e.getMessage(), where), e);
    }
  }

  /**
   * Returns the endpoint that was found, if it is another than one that is known; nothing also if
   * what was found is no endpoint: whoever publishes may replace that.
   */
  static Optional<Endpoint> otherThan(Optional<Endpoint> known, Optional<byte[]> found) {
    try {
      return found.map(Endpoint::parse).filter(there -> !known.equals(Optional.of(there)));
    } catch (IllegalArgumentException somethingElse) {
      return Optional.empty();
    }
  }

  /** Leaves the secret out: this is what logs and messages show. */
  @Override
  public String toString() {
    return host + ":" + port;
  }
}
