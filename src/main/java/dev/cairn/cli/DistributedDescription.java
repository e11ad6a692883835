package dev.cairn.cli;

import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.text.Messages;
import dev.cairn.dcp.DistributedCheckpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a checkpoint of {@code torch.distributed.checkpoint} holds, in words or as JSON. */
final class DistributedDescription {
  private final DistributedCheckpoint checkpoint;

  private DistributedDescription(DistributedCheckpoint checkpoint) {
    this.checkpoint = checkpoint;
  }

  /** Reads what the files say of the model's tensors; no tensor data. */
  static DistributedDescription of(Path folder) throws IOException {
    return new DistributedDescription(DistributedCheckpoint.open(folder));
  }

  void print(OutputOptions speech) {
    if (speech.isJson()) {
      speech.printJson(toTree());
      return;
    }
    speech
        .out()
        .printf(
            "torch.distributed checkpoint, %d files, %d tensors of the model, %d others%n",
            checkpoint.files(), checkpoint.tensors().size(), checkpoint.others());
    checkpoint
        .tensors()
        .forEach(
            (name, tensor) ->
                speech
                    .out()
                    .printf(
                        "%s  %s %s %s%n",
                        Messages.printable(name),
                        tensor.content().dtype(),
                        tensor.shape(),
                        tensor.cut().isEmpty()
                            ? "whole"
                            : tensor.pieces() + " pieces, cut along " + tensor.cut()));
    speech.out().flush();
  }

  private Map<String, Object> toTree() {
    List<Object> tensors = new ArrayList<>();
    checkpoint
        .tensors()
        .forEach(
            (name, tensor) -> {
              Map<String, Object> entry = new LinkedHashMap<>();
              entry.put("name", name);
              entry.put("dtype", tensor.content().dtype().name());
              entry.put("shape", Arrays.stream(tensor.shape().toArray()).boxed().toList());
              entry.put("pieces", tensor.pieces());
              entry.put("cutAlong", tensor.cut());
              tensors.add(entry);
            });
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("files", checkpoint.files());
    tree.put("otherTensors", checkpoint.others());
    tree.put("tensors", tensors);
    return tree;
  }
}
