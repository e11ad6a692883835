package dev.cairn.benchmarks.kernels;

import dev.cairn.benchmarks.candidates.Candidate;
import java.io.IOException;
import java.nio.file.Path;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * One of {@link KernelBenchmark}'s, for which every run is a fork of JMH of its own, shorter than
 * JMH's usual: that forks alternate says more here than that they are long.
 *
 * @param benchmark method's name
 * @param implementation which kernels
 * @param iterations of the measurement, each 100 ms, and of the warm-up
 */
public record Kernel(String benchmark, String implementation, int iterations) implements Candidate {
  private static final TimeValue ITERATION = TimeValue.milliseconds(100);
  private static final double MILLIS = 1e3;

  @Override
  public Measured run(Path target) throws IOException {
    OptionsBuilder options = new OptionsBuilder();
    options.include(KernelBenchmark.class.getName() + "." + benchmark + "$");
    options.param("implementation", implementation);
    options.forks(1).verbosity(VerboseMode.SILENT).shouldFailOnError(true);
    options.warmupIterations(iterations).warmupTime(ITERATION);
    options.measurementIterations(iterations).measurementTime(ITERATION);
    try {
      return Measured.of(
          new Runner(options.build()).runSingle().getPrimaryResult().getScore() / MILLIS);
    } catch (RunnerException e) {
      throw new IOException("benchmark failed: benchmark=" + benchmark, e);
    }
  }

  @Override
  public int uncounted(int asked) {
    return 0; // forks warm up themselves
  }
}
