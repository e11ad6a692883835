package dev.cairn.deepspeed;

import dev.cairn.deepspeed.content.Content;
import dev.cairn.deepspeed.content.TensorContent;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.Printable;
import dev.cairn.torchfile.StoredTensor;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The parameters of a save whose module holds every weight: one without ZeRO, or ZeRO-1 or -2
 * without the optimizer's files, which were deleted or never copied.
 */
final class WholeWeights {
  private WholeWeights() {}

  /** Returns all parameters and buffers. */
  static List<CheckpointParameter> of(ModelStates model) throws CorruptFileException {
    List<Map<String, Shape>> groups =
        model.groups().isEmpty() ? List.of(trainable(model)) : model.groups();
    Map<String, Content> contents = new LinkedHashMap<>();
    for (Map<String, Shape> group : groups) {
      for (Map.Entry<String, Shape> entry : group.entrySet()) {
        contents.put(entry.getKey(), content(model, entry.getKey(), entry.getValue()));
      }
    }
    Map<String, Content> frozen = new LinkedHashMap<>();
    for (Map.Entry<String, Shape> entry : model.frozenShapes().entrySet()) {
      frozen.put(entry.getKey(), content(model, entry.getKey(), entry.getValue()));
    }
    return ParameterAssembly.of(model, groups, contents, frozen);
  }

  /** Without ZeRO nothing says what is trained: all that is no buffer, each tensor once. */
  private static Map<String, Shape> trainable(ModelStates model) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    Set<Object> views = new HashSet<>();
    for (Map.Entry<String, StoredTensor> entry : model.module().entrySet()) {
      String name = entry.getKey();
      boolean isOther =
          model.bufferNames().contains(name)
              || model.frozenShapes().containsKey(name)
              || model.sharedNames().containsKey(name);
      if (!isOther && views.add(ParameterAssembly.View.of(entry.getValue()))) {
        shapes.put(name, entry.getValue().shape());
      }
    }
    return shapes;
  }

  private static Content content(ModelStates model, String name, Shape shape)
      throws CorruptFileException {
    StoredTensor stored = model.module().get(name);
    if (stored == null || !stored.shape().equals(shape)) {
      throw new CorruptFileException(
          "parameter has no content: parameter="
              + Printable.of(name)
              + ", shape="
              + (stored == null ? "none" : stored.shape())
              + ", expected "
              + shape
              + " in the module, as there are no optimizer states, file="
              + model.file());
    }
    return new TensorContent(stored);
  }
}
