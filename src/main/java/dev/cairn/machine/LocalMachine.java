package dev.cairn.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The machine that this process runs on. */
enum LocalMachine implements Machine {
  INSTANCE;

  private static final Path PROCESSES = Path.of("/proc");
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path NAMESPACE = Path.of("/proc/self/ns/pid");

  /** Found out once, as it takes milliseconds. */
  private static final class Self {
    static final ProcessIdentity IDENTITY = identify();
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public Instant now() {
    return Instant.now();
  }

  @Override
  public void start(String name, Runnable work) {
    startThread(name, work);
  }

  private static Thread startThread(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  @Override
  public List<Throwable> runAll(String name, List<Work> works) {
    Throwable[] thrown = new Throwable[works.size()];
    List<Thread> threads = new ArrayList<>();
    try {
      for (int index = 0; index < works.size(); index++) {
        int number = index;
        threads.add(
            startThread(
                works.size() == 1 ? name : name + "-" + index,
                () -> thrown[number] = works.get(number).attempt()));
      }
    } catch (OutOfMemoryError e) { // the threads before it work on: their memory must not go
      Arrays.fill(thrown, threads.size(), thrown.length, e);
    }
    join(threads);
    return Arrays.asList(thrown);
  }

  private static void join(List<Thread> threads) {
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  @SuppressWarnings("WaitNotInLoop") // The loop is the caller's.
  public void await(Object monitor, long timeoutMillis) throws InterruptedException {
    monitor.wait(timeoutMillis);
  }

  @Override
  public void wake(Object monitor) {
    monitor.notifyAll();
  }

  @Override
  public ProcessIdentity self() {
    return Self.IDENTITY;
  }

  private static ProcessIdentity identify() {
    try {
      String bootId = Files.isReadable(BOOT_ID) ? Files.readString(BOOT_ID).strip() : "";
      String namespace =
          Files.exists(NAMESPACE) ? Files.readSymbolicLink(NAMESPACE).toString() : "";
      long pid = ProcessHandle.current().pid();
      return new ProcessIdentity(bootId, namespace, pid, startTicks(pid));
    } catch (IOException e) {
      throw new UncheckedIOException("this process cannot find out which it is", e);
    }
  }

  /** Returns when a process started; 0 if there is none of this number, or nobody can know. */
  private static long startTicks(long pid) {
    try {
      String line = Files.readString(PROCESSES.resolve(Long.toString(pid)).resolve("stat"));
      // The name, which may hold spaces and parentheses, is field 2; state and start are 3 and 22.
      String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
      boolean hasEnded = fields[0].equals("Z") || fields[0].equals("X"); // not yet waited for
      return hasEnded ? 0 : Long.parseLong(fields[19]);
    } catch (IOException | RuntimeException e) {
      return 0;
    }
  }

  @Override
  public boolean isDead(ProcessIdentity process) {
    // Where other users' processes are hidden (hidepid), all of them look dead.
    return self().sees(process)
        && self().startTicks() != 0
        && startTicks(1) != 0
        && startTicks(process.pid()) != process.startTicks();
  }
}
