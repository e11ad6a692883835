package dev.cairn.comm.bulk;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.MessageGroup;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.control.Session;
import java.util.List;

/**
 * Makes the first transport over a group that the trainer has lent, and every later one as another
 * factory does: after a failure messages may be left in the group, so that it is not used again.
 */
public final class LentFactory implements TransportFactory {
  private final Session session;
  private final Timeouts timeouts;
  private final MessageGroup group;
  private final TransportFactory own;
  private volatile boolean isSpent;
  private volatile EndableTransport overLent;

  public LentFactory(Session session, Timeouts timeouts, MessageGroup group, TransportFactory own) {
    this.session = session;
    this.timeouts = timeouts;
    this.group = group;
    this.own = own;
  }

  @Override
  public void load() throws CommunicationException {
    if (isSpent) {
      own.load();
    }
  }

  @Override
  public byte[] introduce() {
    return own.introduce();
  }

  @Override
  public byte[] prepare(List<byte[]> introduced) throws CommunicationException {
    return isSpent ? own.prepare(introduced) : new byte[0];
  }

  @Override
  public EndableTransport connect(long generation, List<byte[]> prepared)
      throws CommunicationException {
    if (isSpent) {
      return own.connect(generation, prepared);
    }
    isSpent = true;
    overLent = new MessageTransport(session, timeouts, group, "the lent group", () -> {});
    return overLent;
  }

  @Override
  public boolean isOwn(EndableTransport transport) {
    return transport != overLent;
  }

  @Override
  public void withdraw() {
    isSpent = true;
  }

  @Override
  public void settle() {
    own.settle();
  }
}
