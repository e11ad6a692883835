package dev.cairn.deepspeed;

import dev.cairn.content.Content;
import dev.cairn.content.TensorContent;
import dev.cairn.deepspeed.saved.ExpertGroups;
import dev.cairn.deepspeed.saved.ModelStates;
import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
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

  /**
   * Returns all parameters and buffers.
   *
   * @param masters F32 weights by name, which a save in 16 bit without ZeRO has; what has none is
   *     not trained, if others have
   */
  static List<CheckpointParameter> of(ModelStates model, Map<String, Content> masters)
      throws CorruptFileException {
    List<Map<String, Shape>> groups =
        model.groups().isEmpty() ? List.of(trainable(model)) : model.groups();
    Map<String, Content> contents = new LinkedHashMap<>();
    Map<String, Shape> trained = new LinkedHashMap<>();
    for (Map<String, Shape> group : groups) {
      for (Map.Entry<String, Shape> entry : group.entrySet()) {
        String name = entry.getKey();
        if (ExpertGroups.isExpert(name, model.parallelism())) {
          continue; // they have files of their own
        }
        Content content = masters.get(name);
        if (content != null || masters.isEmpty()) {
          Content held = content(model, name, entry.getValue());
          contents.put(name, content == null ? held : content);
          trained.put(name, entry.getValue());
        }
      }
    }
    Map<String, Content> frozen = new LinkedHashMap<>();
    for (Map.Entry<String, Shape> entry : model.frozenShapes().entrySet()) {
      frozen.put(entry.getKey(), content(model, entry.getKey(), entry.getValue()));
    }
    return ParameterAssembly.of(model, List.of(trained), contents, frozen);
  }

  /** Returns what masters may be of: all that is no buffer, each tensor once. */
  static Map<String, NamelessMasters.Held> candidates(ModelStates model) {
    Map<String, NamelessMasters.Held> candidates = new LinkedHashMap<>();
    trainable(model)
        .forEach(
            (name, shape) ->
                candidates.put(
                    name,
                    new NamelessMasters.Held(shape, new TensorContent(model.module().get(name)))));
    return candidates;
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
