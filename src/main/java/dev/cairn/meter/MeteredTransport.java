package dev.cairn.meter;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Transfer;
import dev.cairn.comm.channel.Transport;
import dev.cairn.options.SaveWork;
import java.nio.ByteBuffer;

/** A transport whose messages are measured; closing it closes nothing. */
public record MeteredTransport(Transport transport, Meter meter) implements Transport {
  @Override
  public Transfer send(ByteBuffer direct, int peer, int tag) throws CommunicationException {
    Meter.Timing timing = meter.begin(SaveWork.SEND);
    return measured(transport.send(direct, peer, tag), timing, direct.remaining());
  }

  @Override
  public Transfer receive(ByteBuffer direct, int peer, int tag) throws CommunicationException {
    Meter.Timing timing = meter.begin(SaveWork.RECEIVE);
    return measured(transport.receive(direct, peer, tag), timing, direct.remaining());
  }

  private static Transfer measured(Transfer transfer, Meter.Timing timing, int lengthBytes) {
    return () -> {
      transfer.await();
      timing.end(null, lengthBytes);
    };
  }

  @Override
  public void close() {
    // The communicator owns it.
  }
}
