package dev.cairn.benchmarks.plan;

import dev.cairn.plan.Chunk;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.plan.SavePlan;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What one rank of 1 024 takes to plan a save, headers included; aimed at: 150 ms for 100 000. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgs = "-Xmx512m")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PlanBenchmark {
  /** How many tensors the model has. */
  @Param({"1000", "10000", "100000"})
  public int tensors;

  private List<PlannedTensor> planned;

  /** Makes tensors of a few kinds. */
  @Setup
  public void make() {
    planned = ManyTensors.of(tensors);
  }

  /** The plan with its files and their headers. */
  @Benchmark
  public SavePlan plan() {
    return SavePlan.of(planned, ManyTensors.WORLD_SIZE, ManyTensors.NAMING);
  }

  /** The same, and the chunks of one rank. */
  @Benchmark
  public long planAndChunks() {
    long lengthBytes = 0;
    Iterator<Chunk> chunks = plan().chunks(ManyTensors.WORLD_SIZE / 2, ManyTensors.CHUNK_BYTES);
    while (chunks.hasNext()) {
      lengthBytes += chunks.next().lengthBytes();
    }
    return lengthBytes;
  }
}
