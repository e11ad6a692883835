package dev.cairn.comm;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Transfer;
import dev.cairn.comm.channel.Transport;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;

/**
 * One rank of a test that runs real processes: joins by its environment, plays the part that its
 * argument names, and prints one line {@code RESULT …}.
 */
final class RankMain {
  private static final int CHUNK_BYTES = 1 << 20;

  private RankMain() {}

  public static void main(String[] arguments) {
    try (Communicator communicator = Communicator.fromEnvironment()) {
      String said = play(arguments[0], communicator);
      print("ok " + said);
    } catch (CommunicationException e) {
      print("failure rank=%d %s".formatted(e.rank(), e.getMessage()));
    } catch (Throwable e) {
      print("unexpected " + e);
    }
  }

  private static synchronized void print(String result) {
    // In one piece: ranks may share an output.
    System.out.print("\nRESULT %d %s\n".formatted(System.currentTimeMillis(), result));
    System.out.flush();
  }

  private static String play(String part, Communicator c) throws Exception {
    return switch (part) {
      case "gather" -> "crc=" + stream(c, c.transport(), 64);
      case "stream" -> streamWithoutEnd(c);
      case "bulk-wait" -> waitForBulk(c);
      case "control" -> gatherWithoutEnd(c);
      case "cancel" -> cancelThenStream(c);
      case "idle" -> idle(c);
      case "twice" -> meetAgain(c);
      case "bulk" -> "transport " + c.transport().getClass().getSimpleName();
      default -> throw new IllegalArgumentException(part);
    };
  }

  private static String streamWithoutEnd(Communicator c) throws Exception {
    Transport transport = c.transport();
    print("streaming");
    return "crc=" + stream(c, transport, Integer.MAX_VALUE);
  }

  private static String gatherWithoutEnd(Communicator c) throws Exception {
    c.control().allGather(new byte[1]);
    print("gathering");
    while (true) {
      c.control().allGather(new byte[100_000]);
    }
  }

  /** A second group of the same processes, as after a failure. */
  private static String meetAgain(Communicator first) throws Exception {
    first.control().allGather(new byte[1]);
    try (Communicator second = Communicator.fromEnvironment()) {
      second.control().allGather(new byte[1]);
    }
    return "met again";
  }

  private static String idle(Communicator c) throws Exception {
    c.control().allGather(new byte[1]);
    print("idle");
    Thread.sleep(4000);
    c.control().allGather(new byte[1]);
    return "together";
  }

  /** Everyone waits for a message that rank 1 never sends. */
  private static String waitForBulk(Communicator c) throws Exception {
    Transport transport = c.transport();
    print("streaming");
    if (c.rank() == 1) {
      Thread.sleep(60_000);
    } else {
      transport.receive(ByteBuffer.allocateDirect(CHUNK_BYTES), 1, 0).await();
    }
    return "received";
  }

  private static String cancelThenStream(Communicator c) throws Exception {
    Transport transport = c.transport();
    String message = "none";
    try {
      if (c.rank() == 2) {
        Thread.sleep(100);
        c.control().cancel("No space left on device");
      }
      stream(c, transport, Integer.MAX_VALUE);
    } catch (CommunicationException e) {
      message = e.getMessage();
    }
    c.control().allGather(new byte[0]);
    return message + " crc=" + stream(c, c.transport(), 64);
  }

  /** Streams to rank 0; returns the checksum of what each peer sent, or of what this rank sent. */
  private static String stream(Communicator c, Transport transport, int chunks)
      throws CommunicationException {
    int peers = c.size() - 1;
    CRC32C[] crcs = new CRC32C[peers];
    Arrays.setAll(crcs, i -> new CRC32C());
    ByteBuffer[] buffers = new ByteBuffer[3 * peers];
    Arrays.setAll(buffers, i -> ByteBuffer.allocateDirect(CHUNK_BYTES));
    Transfer[] inFlight = new Transfer[buffers.length];
    for (long k = 0; k < chunks + 3L; k++) {
      for (int peer = 1; peer <= peers; peer++) {
        int slot = (int) (k % 3) * peers + peer - 1;
        finish(inFlight, slot, buffers[slot], crcs[peer - 1]);
        if (k < chunks && c.rank() == 0) {
          inFlight[slot] = transport.receive(buffers[slot], peer, (int) k);
        } else if (k < chunks && c.rank() == peer) {
          fill(buffers[slot], k, peer);
          inFlight[slot] = transport.send(buffers[slot], 0, (int) k);
        }
      }
    }
    return Arrays.stream(crcs)
        .skip(c.rank() == 0 ? 0 : c.rank() - 1)
        .limit(c.rank() == 0 ? peers : 1)
        .map(crc -> Long.toHexString(crc.getValue()))
        .collect(Collectors.joining(","));
  }

  private static void fill(ByteBuffer buffer, long chunk, int peer) {
    for (int i = 0; i < CHUNK_BYTES; i += 512) {
      buffer.putLong(i, chunk << 32 | i + peer);
    }
  }

  private static void finish(Transfer[] inFlight, int slot, ByteBuffer buffer, CRC32C crc)
      throws CommunicationException {
    if (inFlight[slot] != null) {
      inFlight[slot].await();
      crc.update(buffer.duplicate());
      inFlight[slot] = null;
    }
  }
}
