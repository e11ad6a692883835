package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveMode;
import dev.cairn.support.Group;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Hundreds of saves by one process: memory, open files and threads stay as they are. */
@Tag("stress")
@Tag("faults")
class SoakTest {
  private static final int WORLD_SIZE = 2;

  /** 500 with {@code -Pfaults}. */
  private static final int SAVES = Integer.getInteger("cairn.soak.saves", 120);

  private static final int WARM_UP = 60;

  /** Of each half: a leak grows in both, the heap that this process shares with other tests not. */
  private static final long MOST_GROWTH_BYTES = 12L << 20;

  @TempDir Path temporary;

  /** What this process has. */
  private record Holding(long residentBytes, long openFiles, long threads) {
    static Holding now() throws IOException {
      System.gc();
      long residentBytes = 0;
      long threads = 0;
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        String[] words = line.split("\\s+", 0);
        if (words[0].equals("VmRSS:")) {
          residentBytes = 1024 * Long.parseLong(words[1]);
        } else if (words[0].equals("Threads:")) {
          threads = Long.parseLong(words[1]);
        }
      }
      try (var files = Files.list(Path.of("/proc/self/fd"))) {
        return new Holding(residentBytes, files.count(), threads);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = SaveMode.class,
      names = {"GATHER", "PARALLEL"})
  void nothingGrows(SaveMode mode) throws Exception {
    List<Holding> holdings = Collections.synchronizedList(new ArrayList<>());
    CyclicBarrier warm = new CyclicBarrier(WORLD_SIZE, () -> holdings.add(measure()));
    Group.values(
        WORLD_SIZE,
        communicator -> {
          saveManyTimes(communicator, mode, warm);
          return null;
        });
    Holding before = holdings.get(0);
    Holding halfway = holdings.get(1);
    Holding after = holdings.get(2);
    String both = before + " -> " + halfway + " -> " + after;
    assertTrue(after.openFiles() <= before.openFiles() + 2, both);
    assertTrue(after.threads() <= before.threads() + 2, both);
    long growthBytes =
        Math.min(
            halfway.residentBytes() - before.residentBytes(),
            after.residentBytes() - halfway.residentBytes());
    assertTrue(growthBytes <= MOST_GROWTH_BYTES, both);
  }

  private static Holding measure() {
    try {
      return Holding.now();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private void saveManyTimes(Communicator communicator, SaveMode mode, CyclicBarrier warm)
      throws Exception {
    ParameterSet own = SaveLoop.model(1).on(communicator.rank(), WORLD_SIZE);
    RunOptions run = RunOptions.in(temporary.resolve("run")).withKeepLast(2);
    try (Checkpointer checkpointer = Checkpointer.open(communicator, SaveLoop.options(mode), run)) {
      for (int step = 0; step < WARM_UP + SAVES; step++) {
        TrainerState state = TrainerState.builder().value("step", step).build();
        if (step % 2 == 0) {
          checkpointer.save(step, own, ModelFiles.none(), state);
        } else {
          checkpointer.saveAsync(step, own, ModelFiles.none(), state).await();
        }
        if (step == WARM_UP || step == WARM_UP + SAVES / 2 || step == WARM_UP + SAVES - 1) {
          warm.await();
        }
      }
    }
  }
}
