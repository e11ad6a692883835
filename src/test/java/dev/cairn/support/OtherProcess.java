package dev.cairn.support;

import dev.cairn.machine.Machine;
import dev.cairn.machine.ProcessIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** This machine as another process sees it, or as the clock of another one has it. */
public final class OtherProcess implements Machine {
  private final ProcessIdentity self;
  private final Duration clockAhead;

  private OtherProcess(ProcessIdentity self, Duration clockAhead) {
    this.self = self;
    this.clockAhead = clockAhead;
  }

  /** Returns a machine on which one is the process with this id, started at another time. */
  public static OtherProcess ofPid(long pid) {
    ProcessIdentity own = Machine.local().self();
    return new OtherProcess(
        new ProcessIdentity(own.bootId(), own.namespace(), pid, own.startTicks() + 1),
        Duration.ZERO);
  }

  /** Returns a machine on which one is the living process with this id. */
  public static OtherProcess startedAs(long pid) throws IOException {
    String line = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
    ProcessIdentity own = Machine.local().self();
    return new OtherProcess(
        new ProcessIdentity(own.bootId(), own.namespace(), pid, Long.parseLong(fields[19])),
        Duration.ZERO);
  }

  /** Returns a machine that was booted by itself, and on which all numbers are the same as here. */
  public static OtherProcess onAnotherHost() {
    ProcessIdentity own = Machine.local().self();
    return new OtherProcess(
        new ProcessIdentity("another boot", own.namespace(), own.pid(), own.startTicks()),
        Duration.ZERO);
  }

  /** Returns this process, with a clock that is wrong. */
  public static OtherProcess withClockAhead(Duration clockAhead) {
    return new OtherProcess(Machine.local().self(), clockAhead);
  }

  @Override
  public long nanoTime() {
    return Machine.local().nanoTime();
  }

  @Override
  public Instant now() {
    return Machine.local().now().plus(clockAhead);
  }

  @Override
  public void start(String name, Runnable work) {
    Machine.local().start(name, work);
  }

  @Override
  public List<Throwable> runAll(String name, List<Work> works) {
    return Machine.local().runAll(name, works);
  }

  @Override
  public void await(Object monitor, long timeoutMillis) throws InterruptedException {
    Machine.local().await(monitor, timeoutMillis);
  }

  @Override
  public void wake(Object monitor) {
    Machine.local().wake(monitor);
  }

  @Override
  public ProcessIdentity self() {
    return self;
  }

  @Override
  public boolean isDead(ProcessIdentity process) {
    return Machine.local().isDead(process);
  }
}
