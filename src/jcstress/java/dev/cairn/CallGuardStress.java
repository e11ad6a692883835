package dev.cairn;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** {@link CallGuard}: one call at a time, and none once it is closed. */
public class CallGuardStress {
  private static final int REFUSED = 0;
  private static final int RAN = 1;
  private static final int DISTURBED = 2;

  /** A guard, and calls that notice if they are not alone. */
  private static class Calls {
    final CallGuard guard = new CallGuard();
    volatile boolean isFreed;
    volatile int inside;
    int count; // what one call writes, the next one sees

    int call() {
      try {
        return guard.hold(
            () -> {
              inside++;
              count++;
              boolean isAlone = inside == 1 && !isFreed;
              inside--;
              return isAlone ? RAN : DISTURBED;
            });
      } catch (IllegalStateException e) {
        return REFUSED;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Closes and frees what calls use. */
    int close() {
      try {
        boolean isFirst = guard.close();
        isFreed = true;
        return isFirst ? RAN : DISTURBED;
      } catch (IllegalStateException e) {
        return REFUSED;
      }
    }
  }

  /** Two calls at the same time. */
  @JCStressTest
  @Outcome(id = "1, 1, 2", expect = ACCEPTABLE, desc = "One after the other.")
  @Outcome(
      id = {"1, 0, 1", "0, 1, 1"},
      expect = ACCEPTABLE,
      desc = "One was refused.")
  @Outcome(expect = FORBIDDEN, desc = "Both at once, or none, or one saw nothing of the other.")
  @State
  public static class TwoCalls extends Calls {
    @Actor
    public void first(III_Result result) {
      result.r1 = call();
    }

    @Actor
    public void second(III_Result result) {
      result.r2 = call();
    }

    @Arbiter
    public void after(III_Result result) {
      result.r3 = count;
    }
  }

  /** A call while the checkpointer is closed. */
  @JCStressTest
  @Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "Called, then closed.")
  @Outcome(id = "1, 0, 1", expect = ACCEPTABLE, desc = "Not closed, as a call ran.")
  @Outcome(id = "0, 1, 0", expect = ACCEPTABLE, desc = "Closed, then refused.")
  @Outcome(expect = FORBIDDEN, desc = "A call ran on what had been freed.")
  @State
  public static class CallAndClose extends Calls {
    @Actor
    public void caller(III_Result result) {
      result.r1 = call();
    }

    @Actor
    public void closer(III_Result result) {
      result.r2 = close();
    }

    @Arbiter
    public void after(III_Result result) {
      result.r3 = count;
    }
  }

  /** Two threads close: one of them frees. */
  @JCStressTest
  @Outcome(
      id = {"1, 2", "2, 1"},
      expect = ACCEPTABLE,
      desc = "One was the first.")
  @Outcome(expect = FORBIDDEN, desc = "Freed twice, or never.")
  @State
  public static class TwoCloses extends Calls {
    @Actor
    public void first(II_Result result) {
      result.r1 = close();
    }

    @Actor
    public void second(II_Result result) {
      result.r2 = close();
    }
  }
}
