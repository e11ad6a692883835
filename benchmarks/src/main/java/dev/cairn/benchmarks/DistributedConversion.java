package dev.cairn.benchmarks;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.dcp.DistributedCheckpoint;
import dev.cairn.dcp.DistributedParameterSet;
import dev.cairn.hf.ModelFiles;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What {@code cairn consolidate} does with a checkpoint of torch.distributed, in a process that
 * stays alive as those of the peers do.
 *
 * <p>Argument: {@code CHECKPOINT}. Says {@code ready}, and for each line on its standard input, a
 * folder to make, does it once and prints the seconds.
 */
public final class DistributedConversion {
  /** As the command has it. */
  private static final int BUFFER_BYTES = 512 << 10;

  private DistributedConversion() {}

  /** Converts until its standard input ends. */
  public static void main(String[] arguments) throws IOException {
    Path checkpoint = Path.of(arguments[0]);
    System.out.println("ready");
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = orders.readLine(); line != null; line = orders.readLine()) {
      long start = System.nanoTime();
      convert(checkpoint, Path.of(line));
      System.out.println("seconds " + (System.nanoTime() - start) / 1e9);
    }
  }

  private static void convert(Path checkpoint, Path target) throws IOException {
    SaveOptions options =
        SaveOptions.builder()
            .durability(Durability.FAST)
            .mode(SaveMode.PARALLEL)
            .stagingBuffers(Math.min(8, Runtime.getRuntime().availableProcessors()))
            .stagingBufferBytes(BUFFER_BYTES)
            .build();
    try (DistributedParameterSet set =
            new DistributedParameterSet(DistributedCheckpoint.open(checkpoint), Optional.empty());
        Communicator communicator = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(communicator, options)) {
      checkpointer.save(target, set.parameters(), ModelFiles.none());
    }
  }
}
