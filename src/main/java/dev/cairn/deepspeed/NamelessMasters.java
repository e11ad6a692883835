package dev.cairn.deepspeed;

import dev.cairn.content.Content;
import dev.cairn.content.TensorContent;
import dev.cairn.kernels.Kernels;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.StoredTensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The masters of a save in 16 bit without ZeRO: whole F32 tensors in the order of the module, of
 * which no file says the names. A master is that of the first weight of its shape that it equals
 * after the cast and that none before it is.
 */
final class NamelessMasters {
  private NamelessMasters() {}

  /**
   * Returns the content of each parameter that has a master, and which group each is in.
   *
   * @param held the weights in 16 bit, in the module's order, each once
   * @throws CorruptFileException if a master is none of them
   */
  static List<Map<String, Content>> match(List<List<StoredTensor>> masters, Map<String, Held> held)
      throws IOException {
    Map<String, Held> left = new LinkedHashMap<>(held);
    List<Map<String, Content>> contents = new ArrayList<>();
    try (HeldWeights sample = new HeldWeights(Kernels.best())) {
      for (List<StoredTensor> group : masters) {
        Map<String, Content> matched = new LinkedHashMap<>();
        for (StoredTensor master : group) {
          String name = find(master, left, sample);
          matched.put(name, new TensorContent(master));
          left.remove(name);
        }
        contents.add(matched);
      }
    }
    return contents;
  }

  /** A weight as the module has it. */
  record Held(Shape shape, Content content) {}

  private static String find(StoredTensor master, Map<String, Held> left, HeldWeights sample)
      throws IOException {
    for (Map.Entry<String, Held> entry : left.entrySet()) {
      Held held = entry.getValue();
      if (held.shape().equals(master.shape())
          && sample.agree(parameter(entry.getKey(), held, new TensorContent(master)))) {
        return entry.getKey();
      }
    }
    HeldWeights.verify(new TensorContent(master), master.elements());
    for (Held held : left.values()) {
      HeldWeights.verify(held.content(), held.shape().elements());
    }
    throw new CorruptFileException(
        "master is of no weight in the module: shape="
            + master.shape()
            + ", expected one that is equal after the cast, file="
            + master.file()
            + "; its weights were changed behind the optimizer's back");
  }

  private static CheckpointParameter parameter(String name, Held held, Content master) {
    return new CheckpointParameter(
        name,
        held.shape(),
        ParameterKind.TRAINABLE,
        held.content().dtype(),
        null,
        master,
        held.content());
  }
}
