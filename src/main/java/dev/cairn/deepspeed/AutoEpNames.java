package dev.cairn.deepspeed;

import dev.cairn.content.BoxesContent;
import dev.cairn.content.Content;
import dev.cairn.deepspeed.parallel.AutoEpLayer;
import dev.cairn.input.Printable;
import dev.cairn.layout.Box;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Undoes what AutoEP did to a model of transformers: its layers of experts get back the names and
 * tensors that the model has without it, gate and up projection as one.
 *
 * @see <a
 *     href="https://github.com/deepspeedai/DeepSpeed/blob/master/deepspeed/module_inject/auto_ep_layer.py">
 *     DeepSpeed, auto_ep_layer.py</a>
 */
final class AutoEpNames {
  private AutoEpNames() {}

  /** Returns the parameters as transformers' model has them; the same where AutoEP was not used. */
  static List<CheckpointParameter> undone(
      List<CheckpointParameter> parameters, List<AutoEpLayer> layers) throws CorruptFileException {
    Map<String, CheckpointParameter> byName = new LinkedHashMap<>();
    parameters.forEach(parameter -> byName.put(parameter.name(), parameter));
    for (AutoEpLayer layer : layers) {
      CheckpointParameter gate = byName.remove(layer.prefix() + ".w1");
      CheckpointParameter up = byName.remove(layer.prefix() + ".w3");
      CheckpointParameter down = byName.remove(layer.prefix() + ".w2");
      if (gate == null || up == null || down == null || !gate.shape().equals(up.shape())) {
        throw new CorruptFileException(
            "experts of a layer are not all there: layer="
                + Printable.of(layer.modulePath())
                + ", expected w1, w2 and w3 after "
                + Printable.of(layer.prefix()));
      }
      put(byName, fused(layer.prefix() + ".gate_up_proj", gate, up));
      put(byName, down.named(layer.prefix() + ".down_proj"));
      router(byName, layer.modulePath());
    }
    return new ArrayList<>(byName.values());
  }

  private static void put(Map<String, CheckpointParameter> byName, CheckpointParameter parameter)
      throws CorruptFileException {
    if (byName.put(parameter.name(), parameter) != null) {
      throw new CorruptFileException(
          "parameter is there twice: parameter=" + Printable.of(parameter.name()));
    }
  }

  /** AutoEP's router has its gate, and the model's name for it leads to the same module. */
  private static void router(Map<String, CheckpointParameter> byName, String module)
      throws CorruptFileException {
    String own = module + ".router.gate.";
    for (String name : List.copyOf(byName.keySet())) {
      if (name.startsWith(own)) {
        byName.remove(module + ".gate.gate." + name.substring(own.length()));
        put(byName, byName.remove(name).named(module + ".gate." + name.substring(own.length())));
      }
    }
  }

  private static CheckpointParameter fused(
      String name, CheckpointParameter gate, CheckpointParameter up) throws CorruptFileException {
    long[] extents = gate.shape().toArray();
    if (extents.length != 3) {
      throw new CorruptFileException(
          "experts are no matrices: parameter="
              + Printable.of(gate.name())
              + ", shape="
              + gate.shape());
    }
    long rows = extents[1];
    extents[1] = Math.multiplyExact(2, rows);
    Shape shape = Shape.of(extents);
    Content held = null;
    if (gate.heldContent() != null && up.heldContent() != null) {
      held = joined(name, shape, rows, gate.heldContent(), up.heldContent());
    }
    return new CheckpointParameter(
        name,
        shape,
        gate.kind(),
        gate.heldDType(),
        null,
        joined(name, shape, rows, gate.content(), up.content()),
        held);
  }

  private static Content joined(String name, Shape shape, long rows, Content first, Content second)
      throws CorruptFileException {
    return BoxesContent.of(
        "parameter=" + Printable.of(name),
        shape,
        List.of(
            new BoxesContent.Piece(Box.slice(shape, 1, 0, rows), first),
            new BoxesContent.Piece(Box.slice(shape, 1, rows, rows), second)));
  }
}
