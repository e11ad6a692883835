package dev.cairn.comm;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.control.Listening;
import dev.cairn.comm.control.Origin;
import dev.cairn.comm.control.Run;
import dev.cairn.comm.rendezvous.DirectoryRendezvous;
import dev.cairn.comm.rendezvous.Rendezvous;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs one thread for each rank of a group and collects what each returns or throws. */
public final class ThreadedRanks {
  public interface Body<T> {
    public T run(Communicator communicator) throws Exception;
  }

  private ThreadedRanks() {}

  /** Joins a rank of a run without an id. */
  public static Communicator join(int rank, int size, Timeouts timeouts, Rendezvous rendezvous)
      throws CommunicationException {
    return new TcpGroup(
            Origin.of(Run.UNKNOWN),
            rank,
            size,
            timeouts,
            rendezvous,
            Optional.empty(),
            Listening.ANYWHERE)
        .join();
  }

  /** Returns a place to meet for runs without an id. */
  static Rendezvous in(Path directory) {
    return new DirectoryRendezvous(directory, Run.UNKNOWN);
  }

  public static <T> CompletableFuture<T> start(Callable<T> body) {
    CompletableFuture<T> future = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                future.complete(body.call());
              } catch (Throwable e) {
                future.completeExceptionally(e);
              }
            },
            "test-rank");
    thread.setDaemon(true);
    thread.start();
    return future;
  }

  /** Runs {@code body} on every rank at once; a rank's exception ends the test. */
  public static <T> List<T> run(List<Communicator> group, Body<T> body) throws Exception {
    return collect(startAll(group, body));
  }

  static <T> List<CompletableFuture<T>> startAll(List<Communicator> group, Body<T> body) {
    return group.stream().map(c -> start(() -> body.run(c))).toList();
  }

  public static <T> List<T> collect(List<CompletableFuture<T>> futures) throws Exception {
    List<T> results = new ArrayList<>();
    for (CompletableFuture<T> future : futures) {
      results.add(get(future));
    }
    return results;
  }

  static <T> T get(CompletableFuture<T> future) throws Exception {
    try {
      return future.get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw new AssertionError(e.getCause());
    } catch (TimeoutException e) {
      throw new AssertionError("a rank hangs", e);
    }
  }

  /** Returns the failure that {@code future} must end with. */
  public static CommunicationException failure(CompletableFuture<?> future) throws Exception {
    try {
      Object result = get(future);
      throw new AssertionError("no failure but " + result);
    } catch (CommunicationException e) {
      return e;
    }
  }
}
