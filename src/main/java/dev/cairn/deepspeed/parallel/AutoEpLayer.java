package dev.cairn.deepspeed.parallel;

import dev.cairn.tensor.CorruptFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What DeepSpeed's AutoEP says of one layer of experts.
 *
 * @param modulePath name of the layer, such as {@code model.layers.0.mlp}
 * @param prefix name before {@code .w1}, {@code .w2} and {@code .w3}
 * @param experts how many there are
 * @param expertRanks over how many ranks they are spread
 */
public record AutoEpLayer(String modulePath, String prefix, int experts, int expertRanks) {
  private static final int MAX_EXPERTS = 1 << 16;

  /**
   * Returns the layers that {@code ds_autoep_layers} lists; none where it is None or absent.
   *
   * @param tree as {@link PlainTree} has it
   */
  public static List<AutoEpLayer> list(Object tree, Path file) throws CorruptFileException {
    List<AutoEpLayer> layers = new ArrayList<>();
    if (tree instanceof List<?> list) {
      for (Object entry : list) {
        layers.add(one(entry, file));
      }
    }
    return layers;
  }

  /**
   * Returns the names of the layer's tensors of all experts, such as {@code …experts.w1}.
   *
   * @param names of the tensors of one expert each, which end in its number
   */
  public Set<String> tensors(Set<String> names) {
    Set<String> tensors = new TreeSet<>();
    for (String name : names) {
      int dot = name.lastIndexOf('.');
      if (name.startsWith(prefix + ".") && dot > prefix.length()) {
        tensors.add(name.substring(0, dot));
      }
    }
    return tensors;
  }

  private static AutoEpLayer one(Object entry, Path file) throws CorruptFileException {
    if (entry instanceof Map<?, ?> layer
        && layer.get("module_path") instanceof String path
        && layer.get("expert_key_prefix") instanceof String prefix) {
      int experts = number(layer.get("num_experts"));
      int ranks = number(layer.get("ep_size"));
      if (experts > 0 && ranks > 0 && experts % ranks == 0) {
        return new AutoEpLayer(path, prefix, experts, ranks);
      }
    }
    throw new CorruptFileException(
        "layer of experts not understood: expected module_path, expert_key_prefix, num_experts and"
            + " ep_size that divides it in ds_autoep_layers, file="
            + file);
  }

  private static int number(Object value) {
    return value instanceof Long number && number > 0 && number <= MAX_EXPERTS
        ? number.intValue()
        : 0;
  }
}
