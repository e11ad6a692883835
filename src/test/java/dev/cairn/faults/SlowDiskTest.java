package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpointer;
import dev.cairn.Checkpointers;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.FaultyDisk;
import dev.cairn.support.FaultyDisk.Call;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One rank's disk is slow, or hangs: the others wait for the first, and not for the second. */
@Tag("faults")
@Tag("gloo")
@Timeout(60)
class SlowDiskTest {
  private static final int WORLD_SIZE = 2;
  private static final double TIMEOUT_SECONDS = 1;

  @TempDir Path temporary;

  private interface Work {
    Throwable on(int rank) throws Exception;
  }

  private List<Throwable> together(Work work) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(WORLD_SIZE);
    try {
      List<Future<Throwable>> futures = new ArrayList<>();
      for (int rank = 0; rank < WORLD_SIZE; rank++) {
        int own = rank;
        futures.add(threads.submit(() -> work.on(own)));
      }
      List<Throwable> failures = new ArrayList<>();
      for (Future<Throwable> future : futures) {
        failures.add(result(future));
      }
      return failures;
    } finally {
      threads.shutdownNow();
    }
  }

  private static Throwable result(Future<Throwable> future) throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      return e.getCause();
    }
  }

  private Communicator join(int rank) throws IOException {
    return Communicator.fromEnvironment(
        Map.of(
            "RANK",
            Integer.toString(rank),
            "WORLD_SIZE",
            Integer.toString(WORLD_SIZE),
            "CAIRN_RENDEZVOUS",
            Files.createDirectories(temporary.resolve("meet")).toString(),
            "CAIRN_OPERATION_TIMEOUT_SECONDS",
            Double.toString(TIMEOUT_SECONDS)));
  }

  private Throwable save(int rank, SaveMode mode, Durability durability, Disk disk)
      throws IOException {
    SaveOptions options =
        SaveOptions.builder()
            .mode(mode)
            .durability(durability)
            .keepDtypes()
            .stagingBuffers(1)
            .stagingBufferBytes(8192)
            .build();
    try (Communicator communicator = join(rank);
        Checkpointer checkpointer =
            Checkpointers.open(communicator, options, Optional.empty(), disk, Machine.local())) {
      checkpointer.save(
          temporary.resolve("model"), SaveLoop.model(1).on(rank, WORLD_SIZE), ModelFiles.none());
      return null;
    } catch (CheckpointException e) {
      return e;
    }
  }

  @ParameterizedTest
  @CsvSource({"PARALLEL,1,150", "GATHER,0,60"})
  void rankThatWritesSlowlyIsWaitedForBeyondTheTimeout(
      SaveMode mode, int slowRank, long writeMillis) throws Exception {
    long start = System.nanoTime();
    List<Throwable> failures =
        together(
            rank -> {
              Disk disk =
                  rank == slowRank ? FaultyDisk.slow(Call.WRITE, writeMillis) : Disk.local();
              return save(rank, mode, Durability.FAST, disk);
            });
    failures.forEach(failure -> assertNull(failure, () -> String.valueOf(failure)));
    double seconds = (System.nanoTime() - start) / 1e9;
    assertTrue(seconds > 2 * TIMEOUT_SECONDS, "the disk was not slow: " + seconds);
    assertTrue(Files.exists(temporary.resolve("model/COMPLETED")));
  }

  /** It lives and its control channel answers, but nothing gets on. */
  @Test
  void rankWhoseDiskHangsIsNamedByTheOthers() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    List<Throwable> failures =
        together(
            rank -> {
              Disk disk = rank == 1 ? FaultyDisk.waiting(Call.WRITE, 3, gate) : Disk.local();
              try {
                return save(rank, SaveMode.PARALLEL, Durability.FAST, disk);
              } finally {
                gate.countDown(); // rank 0 has given up: only now can rank 1 find out
              }
            });
    CheckpointException e = assertInstanceOf(CheckpointException.class, failures.get(0));
    assertEquals(1, e.rank());
    assertTrue(e.getMessage().contains("timed out: missing rank 1 of 2"), e.getMessage());
    assertInstanceOf(CheckpointException.class, failures.get(1));
    try (var paths = Files.list(temporary)) {
      assertEquals(List.of(temporary.resolve("meet")), paths.toList());
    }
  }
}
