package dev.cairn.comm;

import dev.cairn.comm.bulk.TransportFactory;
import dev.cairn.comm.channel.CommunicationException;
import java.util.ArrayList;
import java.util.List;

/** Makes one rank's transports, and ends them when its process dies. */
final class SimulatedBulk implements TransportFactory {
  private final TransportFactory factory;
  private final List<EndableTransport> made = new ArrayList<>();

  SimulatedBulk(TransportFactory factory) {
    this.factory = factory;
  }

  @Override
  public byte[] prepare(List<byte[]> introduced) throws CommunicationException {
    return factory.prepare(introduced);
  }

  @Override
  public EndableTransport connect(long generation, List<byte[]> prepared)
      throws CommunicationException {
    EndableTransport transport = factory.connect(generation, prepared);
    made.add(transport);
    return transport;
  }

  /** Its connections end, as the others see them. */
  void died(CommunicationException reason) {
    made.forEach(transport -> transport.end(reason));
  }
}
