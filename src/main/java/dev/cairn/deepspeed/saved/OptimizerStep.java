package dev.cairn.deepspeed.saved;

import dev.cairn.torchfile.PickleValue.Dictionary;
import dev.cairn.torchfile.PickleValue.Sequence;
import dev.cairn.torchfile.StoredTensor;
import dev.cairn.torchfile.TorchFile;
import dev.cairn.torchfile.TorchTensors;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Finds how many steps an optimizer has made, which tells one save from another.
 *
 * <p>Only ever compared between ranks, so the form does not matter; where an optimizer keeps no
 * step, or keeps it in a way unknown here, there is nothing to compare.
 */
final class OptimizerStep {
  private OptimizerStep() {}

  /** Returns the step as text, or null where none is found. */
  static String read(Dictionary states, TorchFile archive, TorchTensors types) throws IOException {
    Object optimizer = states.get("base_optimizer_state");
    if (optimizer == null) {
      optimizer = states.get("optimizer_state_dict");
    }
    if (states.get("base_optimizer_state_step") instanceof Long step) {
      return Long.toString(step);
    }
    if (!(optimizer instanceof Dictionary dictionary)) {
      return null;
    }
    if (dictionary.get("state") instanceof Dictionary state) {
      for (Object value : state.entries().values()) {
        if (value instanceof Dictionary first && first.contains("step")) {
          return text(first.get("step"), archive, types);
        }
        break; // the first parameter's step is every parameter's
      }
    }
    if (dictionary.get("param_groups") instanceof Sequence groups
        && groups.size() > 0
        && groups.get(0) instanceof Dictionary group) {
      return text(group.get("step"), archive, types);
    }
    return null;
  }

  private static String text(Object value, TorchFile archive, TorchTensors types)
      throws IOException {
    if (value instanceof Long || value instanceof Double) {
      return String.valueOf(((Number) value).doubleValue());
    }
    if (!TorchTensors.isTensor(value)) {
      return null;
    }
    StoredTensor tensor = StoredTensor.locate(archive, types.tensor(value, "step"), "step");
    if (tensor.elements() != 1) {
      return null;
    }
    ByteBuffer bytes = archive.readSmall(tensor.fileOffset(), tensor.dtype().bits() / 8);
    return switch (tensor.dtype()) {
      case F32 -> String.valueOf((double) bytes.getFloat(0));
      case F64 -> String.valueOf(bytes.getDouble(0));
      case I64 -> String.valueOf((double) bytes.getLong(0));
      case I32 -> String.valueOf((double) bytes.getInt(0));
      default -> null;
    };
  }
}
