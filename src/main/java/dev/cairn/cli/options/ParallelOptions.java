package dev.cairn.cli.options;

import dev.cairn.deepspeed.DeepSpeedCheckpoint;
import dev.cairn.input.FoundInput;
import dev.cairn.json.Json;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** What no file of a parallel checkpoint may say: how weights are split, what they are called. */
public final class ParallelOptions {
  private static final int MAX_FILE_BYTES = 64 << 20;

  @Option(
      names = "--tp-rules",
      paramLabel = "FILE",
      description = {
        "Of tensor-parallel ranks: along which dimension each weight is split, where the checkpoint does"
            + " not say it. JSON with the keys of DeepSpeed's universal_checkpoint_info:",
        "  tp_replicated_parameter_patterns, whole on every rank;"
            + " parameter_with_row_parallelism_patterns, split along dimension 1; all others, along 0."
      })
  private Path tensorRules;

  @Option(
      names = "--names",
      paramLabel = "FILE",
      description =
          "Of a pipeline, whose files number its layers: what each weight is called in the model. JSON,"
              + " an object of such lines: \"4.weight\": \"model.norm.weight\".")
  private Path names;

  /** Opens a checkpoint that DeepSpeed made, with what these options say of it. */
  public DeepSpeedCheckpoint open(FoundInput found) throws IOException {
    DeepSpeedCheckpoint checkpoint =
        DeepSpeedCheckpoint.open(found.path(), found.tag(), tensorRules);
    return names == null ? checkpoint : checkpoint.named(readNames());
  }

  private Map<String, String> readNames() throws IOException {
    if (Files.size(names) > MAX_FILE_BYTES) {
      throw new CorruptFileException(
          "names too long: expected at most " + MAX_FILE_BYTES + " bytes, file=" + names);
    }
    Map<String, String> read = new LinkedHashMap<>();
    for (Map.Entry<String, Object> entry : Json.parseObject(Files.readAllBytes(names)).entrySet()) {
      if (!(entry.getValue() instanceof String name)) {
        throw new CorruptFileException(
            "name is no text: name=" + entry.getKey() + ", expected a text, file=" + names);
      }
      read.put(entry.getKey(), name);
    }
    return read;
  }
}
