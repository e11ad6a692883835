package dev.cairn.comm;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Control;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.control.Session;
import dev.cairn.machine.StressMachine;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** {@link Session}: whatever two ranks do at the same time, both learn the same of it. */
public class SessionStress {
  private static final int NOTHING = -2;
  private static final StressMachine MACHINE = new StressMachine() {};

  private static class TwoRanks {
    final List<Communicator> group = InProcess.group(2, Timeouts.defaults(), MACHINE);

    Control control(int rank) {
      return group.get(rank).control();
    }

    /** Returns what a round of this rank gives, or whose failure it throws, -1 for nobody's. */
    int round(int rank) {
      try {
        List<byte[]> all = control(rank).allGather(new byte[] {(byte) (rank + 1)});
        return all.get(0)[0] * 10 + all.get(1)[0];
      } catch (CommunicationException e) {
        return e.rank();
      }
    }

    /** Returns whose failure a rank sees. */
    int failure(int rank) {
      return control(rank).failure().map(CommunicationException::rank).orElse(NOTHING);
    }
  }

  /** Both join, twice. */
  @JCStressTest
  @Outcome(id = "12, 12, 12, 12", expect = ACCEPTABLE, desc = "Both have both messages.")
  @Outcome(expect = FORBIDDEN, desc = "A message was lost, or belongs to another round.")
  @State
  public static class BothJoin extends TwoRanks {
    @Actor
    public void zero(IIII_Result result) {
      result.r1 = round(0);
      result.r3 = round(0);
    }

    @Actor
    public void one(IIII_Result result) {
      result.r2 = round(1);
      result.r4 = round(1);
    }
  }

  /** They are in different calls, and then in the same one. */
  @JCStressTest
  @Outcome(id = "-1, -1, 12, 12", expect = ACCEPTABLE, desc = "Both are refused, then in step.")
  @Outcome(expect = FORBIDDEN, desc = "One went on alone, or they are not in step again.")
  @State
  public static class DifferentCalls extends TwoRanks {
    @Actor
    public void zero(IIII_Result result) {
      control(0).begin("save(step=1)");
      result.r1 = round(0);
      control(0).begin("save(step=3)");
      result.r3 = round(0);
    }

    @Actor
    public void one(IIII_Result result) {
      control(1).begin("save(step=2)");
      result.r2 = round(1);
      control(1).begin("save(step=3)");
      result.r4 = round(1);
    }
  }

  /** One closes its communicator while the other joins. */
  @JCStressTest
  @Outcome(id = "1", expect = ACCEPTABLE, desc = "The other is told who has left.")
  @Outcome(expect = FORBIDDEN, desc = "It was told something else.")
  @State
  public static class JoinAndLeave extends TwoRanks {
    @Actor
    public void zero(I_Result result) {
      result.r1 = round(0);
    }

    @Actor
    public void one() {
      group.get(1).close();
    }
  }

  /** One closes its communicator once its last round is complete. */
  @JCStressTest
  @Outcome(id = "12, 12", expect = ACCEPTABLE, desc = "The round counts on both.")
  @Outcome(expect = FORBIDDEN, desc = "The round was lost on one.")
  @State
  public static class LeaveAfterTheRound extends TwoRanks {
    @Actor
    public void zero(II_Result result) {
      result.r1 = round(0);
    }

    @Actor
    public void one(II_Result result) {
      result.r2 = round(1);
      group.get(1).close();
    }
  }

  /** One cancels before it joins: rounds go on, and the other knows of it by the end. */
  @JCStressTest
  @Outcome(id = "12, 12, 1, 1", expect = ACCEPTABLE, desc = "Both know who has cancelled.")
  @Outcome(expect = FORBIDDEN, desc = "The round failed, or one does not know.")
  @State
  public static class CancelAndJoin extends TwoRanks {
    @Actor
    public void zero(IIII_Result result) {
      control(0).begin("save(step=1)");
      result.r1 = round(0);
      result.r3 = failure(0);
    }

    @Actor
    public void one(IIII_Result result) {
      control(1).begin("save(step=1)");
      control(1).cancel("disk full");
      result.r2 = round(1);
      result.r4 = failure(1);
    }
  }

  /** Both cancel at the same time. */
  @JCStressTest
  @Outcome(
      id = {"12, 12, 0, 0", "12, 12, 1, 1"},
      expect = ACCEPTABLE,
      desc = "One was the first, for both.")
  @Outcome(expect = FORBIDDEN, desc = "Each was told of another one.")
  @State
  public static class BothCancel extends TwoRanks {
    @Actor
    public void zero(IIII_Result result) {
      control(0).begin("save(step=1)");
      control(0).cancel("disk full");
      result.r1 = round(0);
      result.r3 = failure(0);
    }

    @Actor
    public void one(IIII_Result result) {
      control(1).begin("save(step=1)");
      control(1).cancel("disk full");
      result.r2 = round(1);
      result.r4 = failure(1);
    }
  }

  /** A cancellation of one operation is nothing to the next. */
  @JCStressTest
  @Outcome(id = "12, 12, -2, -2", expect = ACCEPTABLE, desc = "It shows no longer.")
  @Outcome(expect = FORBIDDEN, desc = "It shows in the next operation.")
  @State
  public static class CancelAndBeginAgain extends TwoRanks {
    @Actor
    public void zero(IIII_Result result) {
      control(0).begin("save(step=1)");
      result.r1 = round(0);
      control(0).begin("save(step=2)");
      result.r3 = failure(0);
    }

    @Actor
    public void one(IIII_Result result) {
      control(1).begin("save(step=1)");
      control(1).cancel("disk full");
      result.r2 = round(1);
      control(1).begin("save(step=2)");
      result.r4 = failure(1);
    }
  }
}
