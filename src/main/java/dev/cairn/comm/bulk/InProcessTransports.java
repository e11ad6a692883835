package dev.cairn.comm.bulk;

import dev.cairn.comm.bulk.TransportFactory.EndableTransport;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.channel.Transfer;
import dev.cairn.comm.control.RankNames;
import dev.cairn.machine.Machine;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The transports of a group within one process, one {@link InProcessTransport} for each generation.
 */
public final class InProcessTransports {
  private static final byte[] NOTHING = {};

  private final int size;
  private final Timeouts timeouts;
  private final Machine machine;
  private final Map<Long, InProcessTransport> byGeneration = new HashMap<>();

  public InProcessTransports(int size, Timeouts timeouts, Machine machine) {
    this.machine = machine;
    this.size = size;
    this.timeouts = timeouts;
  }

  public TransportFactory factory(int rank) {
    return new TransportFactory() {
      @Override
      public byte[] prepare(List<byte[]> introduced) {
        return NOTHING;
      }

      @Override
      public EndableTransport connect(long generation, List<byte[]> prepared) {
        return new Side(exchange(generation), rank, size);
      }
    };
  }

  private synchronized InProcessTransport exchange(long generation) {
    byGeneration.keySet().removeIf(old -> old < generation - 1);
    return byGeneration.computeIfAbsent(
        generation, g -> new InProcessTransport(size, timeouts, machine));
  }

  /** What one rank sees of an exchange. */
  private record Side(InProcessTransport exchange, int rank, int size) implements EndableTransport {
    @Override
    public Transfer send(ByteBuffer direct, int peer, int tag) throws CommunicationException {
      return exchange.send(rank, Message.outgoing(direct, peer, tag, rank, size));
    }

    @Override
    public Transfer receive(ByteBuffer direct, int peer, int tag) throws CommunicationException {
      return exchange.receive(rank, Message.incoming(direct, peer, tag, rank, size));
    }

    @Override
    public void end(CommunicationException reason) {
      exchange.end(rank, reason);
    }

    @Override
    public void close() {
      String message = RankNames.name(rank, size) + " has closed its transport";
      exchange.end(rank, new CommunicationException(rank, message));
    }
  }
}
