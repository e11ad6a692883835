package dev.cairn.deepspeed.saved;

import dev.cairn.deepspeed.parallel.AutoEpLayer;
import dev.cairn.deepspeed.parallel.PlainTree;
import dev.cairn.deepspeed.parallel.SplitRules;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.PickleValue.Dictionary;
import dev.cairn.torchfile.PickleValue.Sequence;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What model states say of how a model was spread over ranks.
 *
 * @param modelRanks tensor-parallel ranks times pipeline stages; 0 where the file does not say
 * @param stages of the pipeline; 0 where the file does not say
 * @param tensorRanks tensor-parallel ranks; 0 where the file does not say
 * @param rules along which dimension parameters are split; null where none are recorded
 * @param autoEp layers of experts that AutoEP made; none otherwise
 * @param experts per layer with experts how many there are; none otherwise
 */
public record Parallelism(
    int modelRanks,
    int stages,
    int tensorRanks,
    SplitRules rules,
    List<AutoEpLayer> autoEp,
    List<Integer> experts) {
  private static final int MAX_RANKS = 1_000_000;

  /** One rank has the whole model. */
  static final Parallelism NONE = new Parallelism(1, 1, 1, null, List.of(), List.of());

  static Parallelism of(Dictionary root, Path file) throws CorruptFileException {
    Object dimensions = root.get("checkpoint_parallel_dimensions");
    Map<?, ?> degrees =
        dimensions instanceof Dictionary ? (Map<?, ?>) PlainTree.of(dimensions, file) : Map.of();
    return new Parallelism(
        degree(root.get("mp_world_size"), "mp_world_size", 0, file),
        degree(degrees.get("pp_degree"), "pp_degree", 0, file),
        degree(degrees.get("tp_degree"), "tp_degree", 0, file),
        SplitRules.recorded(PlainTree.of(root.get("universal_checkpoint_info"), file), file),
        AutoEpLayer.list(PlainTree.of(root.get("ds_autoep_layers"), file), file),
        experts(root.get("num_experts")));
  }

  private static int degree(Object value, String what, int absent, Path file)
      throws CorruptFileException {
    if (!(value instanceof Long number)) {
      return absent;
    }
    if (number < 1 || number > MAX_RANKS) {
      throw new CorruptFileException(
          "count of ranks out of range: "
              + what
              + "="
              + number
              + ", expected 1 to "
              + MAX_RANKS
              + ", file="
              + file);
    }
    return number.intValue();
  }

  private static List<Integer> experts(Object value) {
    List<Integer> experts = new ArrayList<>();
    if (value instanceof Sequence list) {
      for (Object count : list.elements()) {
        experts.add(count instanceof Long number ? (int) Math.min(number, MAX_RANKS) : 0);
      }
    }
    return experts;
  }

  /** Returns the tied names, with those that AutoEP gives its routers and does not write. */
  Map<String, String> shared(Map<String, String> written, Set<String> names) {
    if (autoEp.isEmpty()) {
      return written;
    }
    Map<String, String> shared = new LinkedHashMap<>(written);
    for (AutoEpLayer layer : autoEp) {
      String alias = layer.modulePath() + ".gate.gate.";
      for (String name : names) {
        if (name.startsWith(alias)) {
          shared.put(name, layer.modulePath() + ".router.gate." + name.substring(alias.length()));
        }
      }
    }
    return shared;
  }

  /** Returns whether a pipeline's stages, not tensor-parallel ranks, have numbers of their own. */
  public boolean isPipeline() {
    return stages > 1;
  }

  /** Returns whether some layers have experts that are spread over ranks. */
  public boolean hasExperts() {
    return !autoEp.isEmpty() || experts.stream().anyMatch(count -> count > 1);
  }
}
