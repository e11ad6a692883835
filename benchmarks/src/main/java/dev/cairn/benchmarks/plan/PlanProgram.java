package dev.cairn.benchmarks.plan;

import com.sun.management.ThreadMXBean;
import dev.cairn.plan.Chunk;
import dev.cairn.plan.Fingerprint;
import dev.cairn.plan.PlannedFile;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.plan.SavePlan;
import dev.cairn.safetensors.ShardIndex;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one rank of many does before it copies: the plan with its files, their headers, the index,
 * the fingerprint that ranks compare, and the chunks that it writes itself.
 *
 * <p>Arguments: {@code TENSORS [UNCOUNTED]}. Says {@code ready}, and for each line on its standard
 * input plans once and prints the seconds and what was allocated on the way.
 */
public final class PlanProgram {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private PlanProgram() {}

  /** Plans until its standard input ends. */
  public static void main(String[] arguments) throws IOException {
    List<PlannedTensor> tensors = ManyTensors.of(Integer.parseInt(arguments[0]));
    int uncounted = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 0;
    for (int run = 0; run < uncounted; run++) {
      plan(tensors);
    }
    THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
    System.out.println("ready");
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    while (orders.readLine() != null) {
      long before = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
      long start = System.nanoTime();
      long plannedBytes = plan(tensors);
      double seconds = (System.nanoTime() - start) / 1e9;
      long allocated = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
      System.out.println("note planned " + plannedBytes + " bytes");
      System.out.println("seconds " + seconds + " memory " + allocated);
    }
  }

  /** Returns the bytes of headers, index and chunks, so that nothing can be left out. */
  static long plan(List<PlannedTensor> tensors) {
    SavePlan plan = SavePlan.of(tensors, ManyTensors.WORLD_SIZE, ManyTensors.NAMING);
    long lengthBytes = Fingerprint.of("options", plan.tensors()).length;
    Map<String, String> fileByTensor = new LinkedHashMap<>();
    for (PlannedFile file : plan.files()) {
      lengthBytes += file.header().encode().length;
      file.header().tensors().forEach(entry -> fileByTensor.put(entry.name(), file.name()));
    }
    lengthBytes += ShardIndex.of(tensors.size(), plan.lengthBytes(), fileByTensor).encode().length;
    Iterator<Chunk> chunks = plan.chunks(ManyTensors.WORLD_SIZE / 2, ManyTensors.CHUNK_BYTES);
    while (chunks.hasNext()) {
      lengthBytes += chunks.next().lengthBytes();
    }
    return lengthBytes;
  }
}
