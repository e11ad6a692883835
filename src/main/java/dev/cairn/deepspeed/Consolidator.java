package dev.cairn.deepspeed;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Turns a DeepSpeed checkpoint into a model folder: a save whose partitions are read from the
 * checkpoint's files.
 *
 * <pre>{@code
 * Consolidator.consolidate(
 *     DeepSpeedCheckpoint.open(Path.of("runs/sft")),
 *     Path.of("sft-model"),
 *     ModelFiles.fromFolder(Path.of("base-model")),
 *     SaveOptions.defaults(),
 *     false,
 *     Optional.empty());
 * }</pre>
 */
public final class Consolidator {
  private Consolidator() {}

  /**
   * Writes the model folder, in one pass; it appears when it is complete, or not at all.
   *
   * <p>Floating parameters are cast to {@link SaveOptions#dtype()}; where that is empty they are
   * written in the dtype that the live engine held. Buffers keep theirs. Where the live engine's
   * own 16-bit weights are stored and are what is asked for, they are read in place of the masters.
   * Memory is the staging buffers of {@code options}, one thread each, whatever the model's size.
   *
   * @param checkpoint what to convert
   * @param output the folder to make
   * @param files config, tokenizer and so on of the base model
   * @param options dtype, shard size, durability, overwriting and threads
   * @param excludeFrozen whether frozen parameters are left out
   * @param attribute the attribute of a composite model to take; empty for all
   * @return what was done
   * @throws IllegalArgumentException if there is nothing to save, or no such attribute
   * @throws IOException if reading or writing fails; nothing is left behind
   */
  public static SaveReport consolidate(
      DeepSpeedCheckpoint checkpoint,
      Path output,
      ModelFiles files,
      SaveOptions options,
      boolean excludeFrozen,
      Optional<String> attribute)
      throws IOException {
    ConsolidationOptions taken =
        new ConsolidationOptions(excludeFrozen, options.dtype().isEmpty(), attribute);
    try (CheckpointParameters parameters = new CheckpointParameters(checkpoint, taken);
        Communicator communicator = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(communicator, options)) {
      if (!excludeFrozen) {
        parameters.requireFrozen(options.form(), files);
      }
      parameters.preferHeld(options, files);
      return checkpointer.save(output, parameters.parameters(), files);
    }
  }
}
