package dev.cairn.ranks;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.copy.ShardException;
import dev.cairn.options.CheckpointException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * How one rank fared in one phase of what all do together.
 *
 * @param rankAtFault the rank whose failure it is, -1 when all is well
 * @param reason what went wrong, empty when all is well
 * @param shard file that was being written, empty if it was none
 * @param fileOffset place in that file
 * @param payload what the rank tells the others when all is well
 */
@SuppressWarnings("ArrayRecordComponent") // made, sent, read and forgotten
public record Outcome(
    int rankAtFault, String reason, String shard, long fileOffset, byte[] payload) {
  static Outcome fine(byte[] payload) {
    return new Outcome(-1, "", "", 0, payload);
  }

  static Outcome failed(int rank, Throwable failure) {
    if (failure instanceof CommunicationException e && e.rank() >= 0) {
      return new Outcome(e.rank(), e.getMessage(), "", 0, new byte[0]);
    }
    if (failure instanceof ShardException e) {
      return new Outcome(rank, reason(e), e.shard(), e.fileOffset(), new byte[0]);
    }
    return new Outcome(rank, reason(failure), "", 0, new byte[0]);
  }

  public static String reason(Throwable failure) {
    String message = failure.getMessage();
    if (failure instanceof java.nio.file.FileAlreadyExistsException) {
      return "the target exists: " + message;
    }
    if (failure instanceof java.nio.file.FileSystemException e) {
      return e.getReason() == null
          ? failure.getClass().getSimpleName() + ": " + message
          : e.getReason() + ": " + e.getFile();
    }
    return message == null || message.isEmpty() ? failure.toString() : message;
  }

  boolean isFine() {
    return rankAtFault < 0;
  }

  CheckpointException toException(Operation operation, int worldSize, Throwable cause) {
    return operation.failure(
        rankAtFault, worldSize, reason, shard.isEmpty() ? null : shard, fileOffset, cause);
  }

  byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream data = new DataOutputStream(bytes)) {
      data.writeInt(rankAtFault);
      writeText(data, reason);
      writeText(data, shard);
      data.writeLong(fileOffset);
      data.writeInt(payload.length);
      data.write(payload);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // an array does not fail
    }
    return bytes.toByteArray();
  }

  static Outcome decode(byte[] message) throws IOException {
    try (DataInputStream data = new DataInputStream(new ByteArrayInputStream(message))) {
      int rankAtFault = data.readInt();
      String reason = readText(data);
      String shard = readText(data);
      long fileOffset = data.readLong();
      return new Outcome(rankAtFault, reason, shard, fileOffset, data.readNBytes(data.readInt()));
    }
  }

  public static void writeText(DataOutputStream data, String text) throws IOException {
    byte[] utf8 = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    data.writeInt(utf8.length);
    data.write(utf8);
  }

  public static String readText(DataInputStream data) throws IOException {
    return new String(data.readNBytes(data.readInt()), java.nio.charset.StandardCharsets.UTF_8);
  }
}
