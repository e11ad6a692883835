package dev.cairn.comm.control;

import dev.cairn.comm.channel.CommunicationException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Optional;

/**
 * Who says hello: which run a process belongs to, and which process it is.
 *
 * @param process a number that each process draws once
 * @param pid for messages; in the process's own namespace
 */
public record Origin(Run run, long process, long pid) {
  static final int LEAST_BYTES = 16;
  static final int MOST_BYTES = LEAST_BYTES + Run.MAX_ID_BYTES;

  private static final long OWN_PROCESS = new SecureRandom().nextLong();

  /** Returns this process's, as a member of {@code run}. */
  public static Origin of(Run run) {
    return new Origin(run, OWN_PROCESS, ProcessHandle.current().pid());
  }

  public byte[] encode() {
    byte[] id = run.id().getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(LEAST_BYTES + id.length)
        .putLong(process)
        .putLong(pid)
        .put(id)
        .array();
  }

  /** Returns what {@link #encode} wrote; nothing if it is something else. */
  public static Optional<Origin> parse(byte[] encoded) {
    return encoded.length < LEAST_BYTES || encoded.length > MOST_BYTES
        ? Optional.empty()
        : Optional.of(read(ByteBuffer.wrap(encoded)));
  }

  /** Reads what {@link #encode} wrote, to the limit; at least {@link #LEAST_BYTES} are there. */
  static Origin read(ByteBuffer bytes) {
    long process = bytes.getLong();
    long pid = bytes.getLong();
    return new Origin(new Run(StandardCharsets.US_ASCII.decode(bytes).toString()), process, pid);
  }

  /**
   * Returns the failure of a rank that came to the place of another run.
   *
   * @param holder rank 0 of that one
   */
  public CommunicationException met(Origin holder, int rank, int size, String where) {
    return new CommunicationException(
        rank,
        ("two runs in one place: %s of %s met rank 0 of %s (pid %d), at %s; give each run its own"
                + " MASTER_PORT, and all ranks of one run the same CAIRN_RUN_ID")
            .formatted(RankNames.name(rank, size), run, holder.run, holder.pid, where));
  }
}
