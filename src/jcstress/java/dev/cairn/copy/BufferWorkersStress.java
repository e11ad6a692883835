package dev.cairn.copy;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.cairn.machine.Machine;
import dev.cairn.machine.StressMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * {@link BufferWorkers}: the first failure is kept with all others behind it, once all have ended.
 */
public class BufferWorkersStress {
  private static final int MEMBERS = 2;
  private static final Staging STAGING = new Staging(new ActorsMachine(), MEMBERS, 4096);

  /** A crew of two: the calling actor is one member, the other actor the other one. */
  private abstract static class TwoMembers implements BufferWorkers.Work {
    private volatile List<Machine.Work> works;
    private volatile boolean hasEnded;
    int done; // guarded by this while both work; read by the caller afterwards

    /** Runs the crew on the first actor; returns what it threw, or null. */
    IOException run() {
      ActorsMachine.CREW.set(this);
      try {
        BufferWorkers.run(STAGING, "stress", this);
        return null;
      } catch (IOException e) {
        return e;
      }
    }

    /** The second actor's part. */
    void join() {
      while (works == null) {
        Thread.onSpinWait();
      }
      ActorsMachine.run(works.get(1));
      hasEnded = true;
    }

    synchronized void ended() {
      done++;
    }
  }

  /** Gives the actors as its threads. */
  private static final class ActorsMachine extends StressMachine {
    static final ThreadLocal<TwoMembers> CREW = new ThreadLocal<>();

    @Override
    public List<Throwable> runAll(String name, List<Work> works) {
      TwoMembers crew = CREW.get();
      crew.works = works;
      Throwable own = run(works.get(0));
      while (!crew.hasEnded) {
        Thread.onSpinWait();
      }
      return Arrays.asList(own, null);
    }

    static Throwable run(Work work) {
      try {
        work.run();
        return null;
      } catch (Exception e) {
        return e;
      }
    }
  }

  /** Both members fail at the same time. */
  @JCStressTest
  @Outcome(id = "1, 1, 2", expect = ACCEPTABLE, desc = "One is thrown, the other behind it.")
  @Outcome(expect = FORBIDDEN, desc = "A failure was lost, or a member not waited for.")
  @State
  public static class BothFail extends TwoMembers {
    @Override
    public void with(ByteBuffer buffer) throws IOException {
      ended();
      throw new IOException();
    }

    @Actor
    public void caller(III_Result result) {
      IOException thrown = run();
      result.r1 = thrown == null ? 0 : 1;
      result.r2 = thrown == null ? 0 : thrown.getSuppressed().length;
      result.r3 = done;
    }

    @Actor
    public void member() {
      join();
    }
  }

  /** One member fails while the other takes what is left. */
  @JCStressTest
  @Outcome(id = "1, 0, 2", expect = ACCEPTABLE, desc = "The failure is thrown.")
  @Outcome(expect = FORBIDDEN, desc = "The failure was lost, or a member not waited for.")
  @State
  public static class OneFails extends TwoMembers {
    private final AtomicInteger next = new AtomicInteger();

    @Override
    public void with(ByteBuffer buffer) throws IOException {
      boolean fails = next.getAndIncrement() == 0;
      ended();
      if (fails) {
        throw new IOException();
      }
    }

    @Actor
    public void caller(III_Result result) {
      IOException thrown = run();
      result.r1 = thrown == null ? 0 : 1;
      result.r2 = thrown == null ? 0 : thrown.getSuppressed().length;
      result.r3 = done;
    }

    @Actor
    public void member() {
      join();
    }
  }

  /** What members have written is the caller's to read. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "All of it.")
  @Outcome(expect = FORBIDDEN, desc = "Not all of it, or two members had one buffer.")
  @State
  public static class BothWrite extends TwoMembers {
    private final AtomicInteger next = new AtomicInteger();
    private final ByteBuffer[] buffers = new ByteBuffer[MEMBERS];
    private int first;
    private int second;

    @Override
    public void with(ByteBuffer buffer) {
      int member = next.getAndIncrement();
      buffers[member] = buffer;
      if (member == 0) {
        first = 1;
      } else {
        second = 1;
      }
    }

    @Actor
    public void caller(II_Result result) {
      run();
      boolean isShared = buffers[0] == buffers[1];
      result.r1 = isShared ? -1 : first;
      result.r2 = second;
    }

    @Actor
    public void member() {
      join();
    }
  }
}
