package dev.cairn.meter;

import dev.cairn.comm.CommunicationException;
import dev.cairn.comm.Transfer;
import dev.cairn.comm.Transport;
import dev.cairn.options.SaveWork;
import java.nio.ByteBuffer;

/** A transport whose messages are measured; closing it closes nothing. */
public record MeteredTransport(Transport transport, Meter meter) implements Transport {
  @Override
  public Transfer send(ByteBuffer direct, int peer, int tag) throws CommunicationException {
    Meter.Timing piece = meter.begin(SaveWork.SEND);
    return measured(transport.send(direct, peer, tag), piece, direct.remaining());
  }

  @Override
  public Transfer receive(ByteBuffer direct, int peer, int tag) throws CommunicationException {
    Meter.Timing piece = meter.begin(SaveWork.RECEIVE);
    return measured(transport.receive(direct, peer, tag), piece, direct.remaining());
  }

  private static Transfer measured(Transfer transfer, Meter.Timing piece, int lengthBytes) {
    return () -> {
      transfer.await();
      piece.end(null, lengthBytes);
    };
  }

  @Override
  public void close() {
    // The communicator owns it.
  }
}
