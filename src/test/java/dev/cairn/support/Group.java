package dev.cairn.support;

import dev.cairn.comm.Communicator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Ranks as threads of this JVM. */
public final class Group {
  private Group() {}

  /** What one rank does. */
  public interface Work<T> {
    T on(Communicator communicator) throws Exception;
  }

  /** What a rank came to: a value or a failure. */
  public record Result<T>(T value, Throwable failure) {}

  /** Runs the work on every rank at once and returns what each came to, in rank order. */
  public static <T> List<Result<T>> run(int worldSize, Work<T> work) throws InterruptedException {
    List<Communicator> communicators = Communicator.inProcess(worldSize);
    ExecutorService threads = Executors.newFixedThreadPool(worldSize);
    try {
      List<Future<T>> futures = new ArrayList<>();
      for (Communicator communicator : communicators) {
        futures.add(threads.submit(() -> work.on(communicator)));
      }
      List<Result<T>> results = new ArrayList<>();
      for (Future<T> future : futures) {
        results.add(result(future));
      }
      return results;
    } finally {
      threads.shutdownNow();
      communicators.forEach(Communicator::close);
    }
  }

  /** Runs the work on every rank at once, none of which may fail; returns the values by rank. */
  public static <T> List<T> values(int worldSize, Work<T> work) throws InterruptedException {
    List<T> values = new ArrayList<>();
    for (Result<T> result : run(worldSize, work)) {
      if (result.failure() != null) {
        throw new AssertionError(result.failure());
      }
      values.add(result.value());
    }
    return values;
  }

  private static <T> Result<T> result(Future<T> future) throws InterruptedException {
    try {
      return new Result<>(future.get(), null);
    } catch (ExecutionException e) {
      return new Result<>(null, e.getCause());
    }
  }
}
