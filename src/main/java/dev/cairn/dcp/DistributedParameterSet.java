package dev.cairn.dcp;

import dev.cairn.content.ContentReader;
import dev.cairn.hf.TiedNames;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.model.PartitionReader;
import dev.cairn.torchfile.SourceReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * The tensors of a distributed checkpoint as a set that any save of one rank takes: they are read
 * while they are saved. Close it after the last save that uses the set.
 */
public final class DistributedParameterSet implements AutoCloseable {
  private final SourceReader reader;
  private final ParameterSet parameters;
  private volatile LongConsumer counter = lengthBytes -> {};

  /**
   * Prepares the set; opens no file yet.
   *
   * @param attribute the attribute of a composite model to take; empty for all
   * @throws IllegalArgumentException if nothing is left, or two names are one without their
   *     wrappers
   */
  public DistributedParameterSet(DistributedCheckpoint checkpoint, Optional<String> attribute) {
    this.reader = new SourceReader(checkpoint.storages());
    List<Parameter> list = new ArrayList<>();
    Map<String, String> owners = new HashMap<>();
    checkpoint
        .tensors()
        .forEach(
            (name, tensor) -> {
              list.add(parameter(name, tensor));
              owners.put(name, name);
            });
    ParameterSet all = TiedNames.declared(ParameterSet.of(list), owners);
    parameters = attribute.map(all::attribute).orElse(all);
  }

  private Parameter parameter(String name, DistributedCheckpoint.Tensor tensor) {
    ContentReader content = new ContentReader(name, tensor.content(), reader);
    PartitionReader counted =
        (byteOffset, target) -> {
          int readBytes = target.remaining();
          content.read(byteOffset, target);
          counter.accept(readBytes);
        };
    long lengthBytes = tensor.content().dtype().bytes(tensor.shape().elements());
    return Parameter.of(
        name,
        tensor.shape(),
        tensor.content().dtype(),
        Layout.replicated(),
        Partition.of(counted, lengthBytes));
  }

  /** Returns the set, in the checkpoint's order. */
  public ParameterSet parameters() {
    return parameters;
  }

  /**
   * Tells {@code listener} from now on how many bytes each read made, on the threads that read.
   *
   * @param listener gets a count of bytes, more than 0; replaces the one before
   */
  public void onRead(LongConsumer listener) {
    counter = listener;
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }
}
