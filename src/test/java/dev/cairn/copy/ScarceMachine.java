package dev.cairn.copy;

import dev.cairn.machine.Machine;
import dev.cairn.machine.ProcessIdentity;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The local machine, that gives so many threads at once and no more. */
public record ScarceMachine(int threads) implements Machine {
  static final String REASON = "unable to create native thread";

  private static Machine local() {
    return Machine.local();
  }

  @Override
  public long nanoTime() {
    return local().nanoTime();
  }

  @Override
  public Instant now() {
    return local().now();
  }

  @Override
  public void start(String name, Runnable work) {
    if (threads == 0) {
      throw new OutOfMemoryError(REASON);
    }
    local().start(name, work);
  }

  @Override
  public List<Throwable> runAll(String name, List<Work> works) {
    int count = Math.min(threads, works.size());
    List<Throwable> thrown = new ArrayList<>();
    if (count > 0) {
      thrown.addAll(local().runAll(name, works.subList(0, count)));
    }
    thrown.addAll(Collections.nCopies(works.size() - count, new OutOfMemoryError(REASON)));
    return thrown;
  }

  @Override
  public void await(Object monitor, long timeoutMillis) throws InterruptedException {
    local().await(monitor, timeoutMillis);
  }

  @Override
  public void wake(Object monitor) {
    local().wake(monitor);
  }

  @Override
  public ProcessIdentity self() {
    return local().self();
  }

  @Override
  public boolean isDead(ProcessIdentity process) {
    return local().isDead(process);
  }
}
