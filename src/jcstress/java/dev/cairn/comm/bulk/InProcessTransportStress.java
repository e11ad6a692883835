package dev.cairn.comm.bulk;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.channel.Transfer;
import dev.cairn.machine.StressMachine;
import java.nio.ByteBuffer;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * {@link InProcessTransport}: memory is the receiver's again once its wait has returned or thrown.
 */
public class InProcessTransportStress {
  private static final byte SENT = 7;
  private static final byte USED = 1;
  private static final int ENDED = 8;
  private static final StressMachine MACHINE = new StressMachine() {};

  private static class TwoRanks {
    final InProcessTransport exchange = new InProcessTransport(2, Timeouts.defaults(), MACHINE);
    final ByteBuffer source = ByteBuffer.allocateDirect(1).put(0, SENT);
    final ByteBuffer target = ByteBuffer.allocateDirect(1);

    /** Returns what rank 0 received, or that the transport has ended; uses the memory at once. */
    int receive() {
      int received;
      try {
        exchange.receive(0, Message.incoming(target, 1, 0, 0, 2)).await();
        received = target.get(0);
      } catch (CommunicationException e) {
        received = ENDED;
      }
      target.put(0, USED);
      return received;
    }

    Transfer send() {
      try {
        return exchange.send(1, Message.outgoing(source, 0, 0, 1, 2));
      } catch (CommunicationException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** A message. */
  @JCStressTest
  @Outcome(id = "7, 1", expect = ACCEPTABLE, desc = "It has arrived.")
  @Outcome(expect = FORBIDDEN, desc = "It arrived too early, too late or not at all.")
  @State
  public static class SendAndReceive extends TwoRanks {
    @Actor
    public void zero(II_Result result) {
      result.r1 = receive();
    }

    @Actor
    public void one() {
      try {
        send().await();
      } catch (CommunicationException e) {
        throw new IllegalStateException(e);
      }
    }

    @Arbiter
    public void after(II_Result result) {
      result.r2 = target.get(0);
    }
  }

  /** A message whose sender ends its side. */
  @JCStressTest
  @Outcome(
      id = {"7, 1", "8, 1"},
      expect = ACCEPTABLE,
      desc = "It has arrived, or never will.")
  @Outcome(expect = FORBIDDEN, desc = "It arrived in memory that was used for something else.")
  @State
  public static class SendAndEnd extends TwoRanks {
    @Actor
    public void zero(II_Result result) {
      result.r1 = receive();
    }

    @Actor
    public void one() {
      send();
      exchange.end(1, new CommunicationException(1, "disk full"));
    }

    @Arbiter
    public void after(II_Result result) {
      result.r2 = target.get(0);
    }
  }
}
