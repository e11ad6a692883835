package dev.cairn.benchmarks.stall;

import dev.cairn.benchmarks.machine.Machine;
import dev.cairn.benchmarks.report.Statistics;
import dev.cairn.comm.Communicator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * How long a save in the background holds a trainer, beside a memcpy of the same bytes by the same
 * number of threads; and how much longer its steps take while the save is written.
 *
 * <p>Arguments: {@code FOLDER PARAMETERS RANKS ROUNDS}. Ranks are threads of this process. The
 * first round warms up and is not counted.
 */
public final class AsyncStall {
  private final List<List<StallRank.Round>> rounds = new ArrayList<>();

  private AsyncStall() {}

  /** Measures, and prints a page of Markdown. */
  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    double parameters = Double.parseDouble(arguments[1]);
    int ranks = Integer.parseInt(arguments[2]);
    int rounds = Integer.parseInt(arguments[3]);
    Files.createDirectories(folder);
    AsyncStall stall = new AsyncStall();
    stall.measure(folder, parameters, ranks, rounds + 1);
    stall.print(folder, parameters, ranks);
  }

  private void measure(Path folder, double parameters, int size, int count) throws Exception {
    StallTogether together = new StallTogether(size);
    List<Communicator> communicators = Communicator.inProcess(size);
    ExecutorService threads = Executors.newFixedThreadPool(size);
    try {
      List<Callable<List<StallRank.Round>>> works = new ArrayList<>();
      for (Communicator communicator : communicators) {
        works.add(
            () -> {
              try (StallRank rank = new StallRank(communicator, folder, parameters, together)) {
                return rank.measure(count);
              }
            });
      }
      for (Future<List<StallRank.Round>> future : threads.invokeAll(works)) {
        List<StallRank.Round> own = future.get();
        rounds.add(own.subList(1, own.size()));
      }
    } finally {
      threads.shutdownNow();
      communicators.forEach(Communicator::close);
    }
  }

  private void print(Path folder, double parameters, int ranks) throws IOException {
    for (Map.Entry<String, Object> entry : Machine.describe(folder).entrySet()) {
      System.out.println(entry.getKey() + ": " + entry.getValue() + "  ");
    }
    double[] singles = slowest(StallRank.Round::copySeconds);
    double[] halves = slowest(StallRank.Round::halfCopySeconds);
    double[] stalls = slowest(StallRank.Round::stallSeconds);
    System.out.printf(
        "%n%.0fM parameters, %d ranks, F32 partitions saved as BF16, %d rounds; the slowest rank of"
            + " each round, in seconds%n%n",
        parameters / 1e6, ranks, stalls.length);
    System.out.println("| what | median | fastest | slowest |\n|---|---|---|---|");
    row("memcpy of the F32 bytes", singles);
    row("memcpy of as many bytes as are saved (BF16)", halves);
    row("`saveAsync`", stalls);
    System.out.printf(
        "%n`saveAsync` takes %.2f x the memcpy of the F32 bytes, %.2f x that of the BF16 bytes.%n",
        median(stalls) / median(singles), median(stalls) / median(halves));
    printSteps();
  }

  private void printSteps() {
    double[] writing =
        slowest(StallRank.Round::cpuSeconds); // the process's: all ranks see the same
    double[] extra = new double[writing.length];
    for (List<StallRank.Round> own : rounds) {
      for (int round = 0; round < extra.length; round++) {
        extra[round] += own.get(round).extraSeconds();
        writing[round] -= own.get(round).ownCpuSeconds();
      }
    }
    System.out.printf(
        "%nSteps that keep every core busy, until the (durable) save was committed: %.0f on each"
            + " rank; all ranks' together took %.2f s longer than without a save (%.2f to %.2f)."
            + " Writing took %.2f s of processor time (%.2f to %.2f).%n",
        median(slowest(StallRank.Round::steps)),
        median(extra),
        smallest(extra),
        largest(extra),
        median(writing),
        smallest(writing),
        largest(writing));
  }

  private interface Column {
    double of(StallRank.Round round);
  }

  private double[] slowest(Column column) {
    double[] values = new double[rounds.get(0).size()];
    for (List<StallRank.Round> own : rounds) {
      for (int round = 0; round < values.length; round++) {
        values[round] = Math.max(values[round], column.of(own.get(round)));
      }
    }
    return values;
  }

  private static double median(double[] values) {
    return Statistics.median(Arrays.stream(values).boxed().toList());
  }

  private static double smallest(double[] values) {
    return Arrays.stream(values).min().orElseThrow();
  }

  private static double largest(double[] values) {
    return Arrays.stream(values).max().orElseThrow();
  }

  private static void row(String name, double[] values) {
    System.out.printf(
        "| %s | %.4f | %.4f | %.4f |%n", name, median(values), smallest(values), largest(values));
  }
}
