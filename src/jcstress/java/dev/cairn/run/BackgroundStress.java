package dev.cairn.run;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.cairn.comm.Communicator;
import dev.cairn.machine.StressMachine;
import dev.cairn.options.SaveReport;
import dev.cairn.ranks.Ranks;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** {@link Background}: one save at a time, in their order, and a failure is told once. */
public class BackgroundStress {
  private static final int WELL = 0;
  private static final int TOLD = 1;

  /** Keeps the works that are to run in the background, for the actors to run. */
  private static final class ActorsMachine extends StressMachine {
    private final List<Runnable> works = new ArrayList<>();

    @Override
    public void start(String name, Runnable work) {
      works.add(work);
    }
  }

  private static class OneRank {
    final ActorsMachine machine = new ActorsMachine();
    final Background background = new Background(new Ranks(Communicator.single()), machine);

    /** Returns whether a failure was thrown. */
    int settle() {
      try {
        background.settle();
        return WELL;
      } catch (IOException e) {
        return TOLD;
      }
    }

    void run(int work) {
      machine.works.get(work).run();
    }
  }

  /** Two saves that were begun, one after the other, on threads of their own. */
  @JCStressTest
  @Outcome(id = "1, 2, 1", expect = ACCEPTABLE, desc = "One after the other, in their order.")
  @Outcome(expect = FORBIDDEN, desc = "At the same time, or the second one first.")
  @State
  public static class TwoSaves extends OneRank {
    private volatile int begun;
    private volatile int inside;
    private int placeOfFirst;
    private int placeOfSecond;
    private int most;

    /** Begins both; the actors are their threads. */
    public TwoSaves() {
      background.start("save(step=1)", itself -> work(1));
      background.start("save(step=2)", itself -> work(2));
    }

    private SaveReport work(int save) {
      begun++;
      inside++;
      if (save == 1) {
        placeOfFirst = begun;
      } else {
        placeOfSecond = begun;
      }
      most = Math.max(most, inside);
      inside--;
      return null;
    }

    @Actor
    public void first() {
      run(0);
    }

    @Actor
    public void second() {
      run(1);
    }

    @Arbiter
    public void after(III_Result result) {
      result.r1 = placeOfFirst;
      result.r2 = placeOfSecond;
      result.r3 = most;
    }
  }

  /** A save fails while a call waits for it. */
  @JCStressTest
  @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "The call is told, the next one is not.")
  @Outcome(expect = FORBIDDEN, desc = "The failure was lost, or told twice.")
  @State
  public static class SaveThatFails extends OneRank {
    /** Begins it; an actor is its thread. */
    public SaveThatFails() {
      background.start(
          "save(step=1)",
          itself -> {
            throw new IOException("disk");
          });
    }

    @Actor
    public void save() {
      run(0);
    }

    @Actor
    public void caller(II_Result result) {
      result.r1 = settle();
    }

    @Arbiter
    public void after(II_Result result) {
      result.r2 = settle();
    }
  }

  /** Somebody awaits a save that has failed while the next call settles it. */
  @JCStressTest
  @Outcome(
      id = {"0, 0", "1, 0"},
      expect = ACCEPTABLE,
      desc = "Told before, or told by both at once.")
  @Outcome(expect = FORBIDDEN, desc = "Told again afterwards.")
  @State
  public static class AwaitedSaveThatFails extends OneRank {
    private final Background.Begun begun;

    /** Runs it to its end. */
    public AwaitedSaveThatFails() {
      begun =
          background.start(
              "save(step=1)",
              itself -> {
                throw new IOException("disk");
              });
      run(0);
    }

    @Actor
    public void awaits() {
      begun.ending().await();
      begun.told();
    }

    @Actor
    public void caller(II_Result result) {
      result.r1 = settle();
    }

    @Arbiter
    public void after(II_Result result) {
      result.r2 = settle();
    }
  }
}
