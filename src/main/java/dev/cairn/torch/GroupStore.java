package dev.cairn.torch;

import dev.cairn.comm.channel.KeyValueStore;
import dev.cairn.comm.channel.MessageGroup;
import dev.cairn.comm.channel.Timeouts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/** The one value that ranks need to meet, sent by rank 0 over the group that they have. */
final class GroupStore implements KeyValueStore {
  private static final int MESSAGE_BYTES = 1024;
  private static final int SLOT = 0x5CA1;

  private final MessageGroup group;
  private final long timeoutMillis;
  private boolean isSent;
  private byte[] received;

  GroupStore(MessageGroup group, Timeouts timeouts) {
    this.group = group;
    this.timeoutMillis = timeouts.rendezvous().toMillis();
  }

  @Override
  public void set(String key, byte[] value) throws IOException {
    if (isSent) {
      return; // withdrawn: every rank has taken it out of its message
    }
    if (value.length > MESSAGE_BYTES) {
      throw new IOException(
          "value too long for the group: valueBytes=%d, expected at most %d, key=%s"
              .formatted(value.length, MESSAGE_BYTES, key));
    }
    isSent = true;
    received = value.clone();
    byte[] message = Arrays.copyOf(value, MESSAGE_BYTES);
    ByteBuffer direct = ByteBuffer.allocateDirect(MESSAGE_BYTES + 4).putInt(value.length);
    direct.put(message).flip();
    for (int peer = 1; peer < group.size(); peer++) {
      group.send(direct, peer, SLOT).await(timeoutMillis);
    }
  }

  @Override
  public Optional<byte[]> find(String key) throws IOException {
    if (received == null && group.rank() == 0) {
      return Optional.empty(); // it is rank 0 that sets the value
    }
    if (received == null) {
      ByteBuffer direct = ByteBuffer.allocateDirect(MESSAGE_BYTES + 4);
      group.receive(direct, 0, SLOT).await(timeoutMillis);
      received = new byte[direct.getInt()];
      direct.get(received);
    }
    return Optional.of(received);
  }
}
