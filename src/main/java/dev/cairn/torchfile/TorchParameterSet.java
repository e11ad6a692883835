package dev.cairn.torchfile;

import dev.cairn.hf.TiedNames;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.model.PartitionReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * The tensors of torch files as a set that any save of one rank takes: they are read while they are
 * saved. Close it after the last save that uses the set.
 */
public final class TorchParameterSet implements AutoCloseable {
  private final SourceReader reader = new SourceReader();
  private final ParameterSet parameters;
  private volatile LongConsumer counter = lengthBytes -> {};

  /**
   * Prepares the set; opens no file yet.
   *
   * @param attribute the attribute of a composite model to take; empty for all
   * @throws IllegalArgumentException if nothing is left, or two names are one without their
   *     wrappers
   */
  public TorchParameterSet(TorchModel model, Optional<String> attribute) {
    List<Parameter> list = new ArrayList<>();
    model.tensors().forEach((name, stored) -> list.add(parameter(name, stored)));
    Map<String, String> owners = new HashMap<>();
    model.tensors().keySet().forEach(name -> owners.put(name, name));
    owners.putAll(model.aliases());
    ParameterSet all = TiedNames.declared(ParameterSet.of(list), owners);
    parameters = attribute.map(all::attribute).orElse(all);
  }

  private Parameter parameter(String name, StoredTensor stored) {
    long lengthBytes = stored.dtype().bytes(stored.elements());
    PartitionReader content =
        (byteOffset, target) -> {
          int readBytes = target.remaining();
          read(reader, stored, byteOffset, target);
          counter.accept(readBytes);
        };
    return Parameter.of(
        name,
        stored.shape(),
        stored.dtype(),
        Layout.replicated(),
        Partition.of(content, lengthBytes));
  }

  /** Fills the rest of {@code target} with a tensor's bytes from {@code byteOffset} on. */
  public static void read(
      SourceReader reader, StoredTensor stored, long byteOffset, ByteBuffer target)
      throws IOException {
    int width = stored.dtype().bits() / 8;
    long begin = byteOffset / width;
    stored.visit(begin, begin + target.remaining() / width, range -> reader.read(range, target));
  }

  /** Returns the set, in the files' order. */
  public ParameterSet parameters() {
    return parameters;
  }

  /** Tells {@code listener} from now on how many bytes each read made, on the threads that read. */
  public void onRead(LongConsumer listener) {
    counter = listener;
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }
}
