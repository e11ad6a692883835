package dev.cairn.comm.control;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.cairn.comm.channel.Timeouts;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** {@link Hub}: all members are told the same, in the same order. */
public class HubStress {
  private static final int COMPLETED = 1;
  private static final int CANCELLED = 2;
  private static final int FAILED = 3;
  private static final int LEFT = 4;

  /** Writes down what it is told, as the digits of a number. */
  private static final class Listening implements Hub.Member {
    private int told; // guarded by the hub

    private void note(int what) {
      told = told * 10 + what;
    }

    @Override
    public void completed(long round, List<byte[]> messages) {
      note(COMPLETED);
    }

    @Override
    public void refused(long round, long operation, String reason) {
      throw new IllegalStateException(reason);
    }

    @Override
    public void cancelled(int rank, long operation, String reason) {
      note(CANCELLED);
    }

    @Override
    public void left(int rank) {
      note(LEFT);
    }

    @Override
    public void asked(long question) {
      throw new IllegalStateException("nobody calls a meeting");
    }

    @Override
    public void agreed(int topic, long step) {
      throw new IllegalStateException("nobody calls a meeting");
    }

    @Override
    public void failed(int rank, String message) {
      note(FAILED);
    }
  }

  private static class TwoMembers {
    final Listening zero = new Listening();
    final Listening one = new Listening();
    final Hub hub = new Hub(new Hub.Member[] {zero, one}, Timeouts.defaults());

    void joinBoth() {
      for (int rank = 0; rank < 2; rank++) {
        hub.join(rank, 1, new Join(Collective.ALL_GATHER, 0, "", new byte[0]), 0);
      }
    }

    void compare(II_Result result) {
      result.r1 = zero.told;
      result.r2 = one.told;
    }
  }

  /** A round is completed while the channel breaks. */
  @JCStressTest
  @Outcome(id = "13, 13", expect = ACCEPTABLE, desc = "Completed, then broken.")
  @Outcome(id = "3, 3", expect = ACCEPTABLE, desc = "Broken, and nothing after it.")
  @Outcome(expect = FORBIDDEN, desc = "They were told different things.")
  @State
  public static class JoinAndFail extends TwoMembers {
    @Actor
    public void joins() {
      joinBoth();
    }

    @Actor
    public void fails() {
      hub.fail(1, "connection lost");
    }

    @Arbiter
    public void after(II_Result result) {
      compare(result);
    }
  }

  /** An operation is cancelled while the channel breaks. */
  @JCStressTest
  @Outcome(id = "23, 23", expect = ACCEPTABLE, desc = "Cancelled, then broken.")
  @Outcome(id = "3, 3", expect = ACCEPTABLE, desc = "Broken, and nothing after it.")
  @Outcome(expect = FORBIDDEN, desc = "They were told different things.")
  @State
  public static class CancelAndFail extends TwoMembers {
    @Actor
    public void cancels() {
      hub.cancel(0, 1, "disk full");
    }

    @Actor
    public void fails() {
      hub.fail(1, "connection lost");
    }

    @Arbiter
    public void after(II_Result result) {
      compare(result);
    }
  }

  /** A rank leaves while an operation is cancelled. */
  @JCStressTest
  @Outcome(
      id = {"24, 24", "42, 42"},
      expect = ACCEPTABLE,
      desc = "Both, in one order.")
  @Outcome(expect = FORBIDDEN, desc = "They were told different things.")
  @State
  public static class CancelAndLeave extends TwoMembers {
    @Actor
    public void cancels() {
      hub.cancel(0, 1, "disk full");
    }

    @Actor
    public void leaves() {
      hub.leave(1);
    }

    @Arbiter
    public void after(II_Result result) {
      compare(result);
    }
  }
}
