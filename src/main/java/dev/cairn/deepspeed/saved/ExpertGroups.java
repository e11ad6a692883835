package dev.cairn.deepspeed.saved;

import dev.cairn.deepspeed.parallel.AutoEpLayer;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which optimizer groups are of experts, and which ranks share them.
 *
 * <p>A rank has the experts of one expert rank, under numbers that begin at 0 on each. Where no
 * file says which expert rank it is of, it is the remainder of its data-parallel rank, as DeepSpeed
 * makes its groups.
 *
 * @see <a href="https://github.com/deepspeedai/DeepSpeed/blob/master/deepspeed/utils/groups.py">
 *     DeepSpeed, groups.py, _create_expert_and_data_parallel</a>
 */
public final class ExpertGroups {
  /** {@code deepspeed.moe}: what comes before an expert's number, the number, what comes after. */
  public static final Pattern NUMBERED =
      Pattern.compile("(.*\\.deepspeed_experts\\.)(\\d{1,6})(\\..+)");

  private final boolean[] isExpert;
  private final List<List<OptimizerStates>> members;

  private ExpertGroups(boolean[] isExpert, List<List<OptimizerStates>> members) {
    this.isExpert = isExpert;
    this.members = members;
  }

  /**
   * Finds the groups of a save.
   *
   * @param ranks every model rank
   * @param groups the first model rank's groups; every rank has the same
   * @throws CorruptFileException if a group has experts and others, or ranks do not add up
   */
  public static ExpertGroups of(List<ModelRank> ranks, List<Map<String, Shape>> groups)
      throws CorruptFileException {
    ModelStates model = ranks.get(0).model();
    boolean[] isExpert = new boolean[groups.size()];
    boolean any = false;
    for (int i = 0; i < isExpert.length; i++) {
      isExpert[i] = isExpert(groups.get(i).keySet(), model);
      any |= isExpert[i];
    }
    if (!any || ranks.get(0).optimizers().isEmpty()) {
      return new ExpertGroups(isExpert, List.of());
    }
    int expertRanks = expertRanks(model, groups, isExpert);
    ExpertGroups experts = new ExpertGroups(isExpert, members(ranks, expertRanks));
    experts.requireCounts(model.file(), ranks.get(0).optimizers().get(0));
    return experts;
  }

  private static boolean isExpert(Set<String> names, ModelStates model)
      throws CorruptFileException {
    int experts = 0;
    for (String name : names) {
      experts += isExpert(name, model.parallelism()) ? 1 : 0;
    }
    if (experts != 0 && experts != names.size()) {
      throw new CorruptFileException(
          "group of the optimizer has experts and other parameters: experts="
              + experts
              + ", parameters="
              + names.size()
              + ", file="
              + model.file());
    }
    return experts > 0;
  }

  /** Returns whether a parameter is of an expert, or of several. */
  public static boolean isExpert(String name, Parallelism parallelism) {
    if (!parallelism.hasExperts()) {
      return false;
    }
    for (AutoEpLayer layer : parallelism.autoEp()) {
      if (name.startsWith(layer.prefix() + ".w")) {
        return true;
      }
    }
    return NUMBERED.matcher(name).matches();
  }

  /** Returns over how many ranks experts are spread. */
  private static int expertRanks(
      ModelStates model, List<Map<String, Shape>> groups, boolean[] isExpert)
      throws CorruptFileException {
    Set<Integer> found = new HashSet<>();
    model.parallelism().autoEp().forEach(layer -> found.add(layer.expertRanks()));
    if (found.isEmpty()) {
      Map<String, Integer> local = new TreeMap<>();
      for (int i = 0; i < isExpert.length; i++) {
        for (String name : groups.get(i).keySet()) {
          Matcher matcher = NUMBERED.matcher(name);
          if (isExpert[i] && matcher.matches()) {
            local.merge(matcher.group(1), Integer.parseInt(matcher.group(2)) + 1, Math::max);
          }
        }
      }
      List<Integer> experts = model.parallelism().experts();
      Set<Integer> counts = new HashSet<>(experts);
      for (int count : local.values()) {
        // Layers are counted in the order of the module, which names do not have to be in.
        int all = counts.size() == 1 ? experts.get(0) : 0;
        found.add(all % count == 0 ? all / count : 0);
      }
    }
    if (found.size() != 1 || found.contains(0)) {
      throw new CorruptFileException(
          "over how many ranks experts are spread is not known: num_experts="
              + model.parallelism().experts()
              + ", expected the same multiple of the experts in param_shapes for every layer, file="
              + model.file());
    }
    return found.iterator().next();
  }

  private static List<List<OptimizerStates>> members(List<ModelRank> ranks, int expertRanks)
      throws CorruptFileException {
    List<List<OptimizerStates>> members = new ArrayList<>();
    for (int i = 0; i < expertRanks; i++) {
      members.add(new ArrayList<>());
    }
    int worldSize = ranks.get(0).optimizers().size();
    for (int rank = 0; rank < worldSize; rank++) { // tensor-parallel ranks are next to each other
      for (ModelRank modelRank : ranks) {
        OptimizerStates states = modelRank.optimizers().get(rank);
        if (states.expertRank() < 0 && ranks.size() > 1) {
          throw unknownRank(states.file());
        }
        int expert = states.expertRank() < 0 ? rank % expertRanks : states.expertRank();
        if (expert >= expertRanks) {
          throw unknownRank(states.file());
        }
        members.get(expert).add(states);
      }
    }
    return members;
  }

  private static CorruptFileException unknownRank(Path file) {
    return new CorruptFileException(
        "which experts a rank has is not known: expected ep_rank in folding, as AutoEP writes with"
            + " tensor parallelism, file="
            + file);
  }

  private void requireCounts(Path model, OptimizerStates first) throws CorruptFileException {
    List<Long> counts = first.partitionCounts();
    for (List<OptimizerStates> sharers : members) {
      boolean fine = !sharers.isEmpty();
      for (int i = 0; fine && i < isExpert.length && counts.size() == isExpert.length; i++) {
        fine = !isExpert[i] || counts.get(i) == sharers.size();
      }
      if (!fine) {
        throw new CorruptFileException(
            "ranks that share experts do not add up: ranks="
                + sharers.size()
                + ", expected partition_count="
                + counts.subList(0, Math.min(16, counts.size()))
                + ", file="
                + model);
      }
    }
  }

  /** Returns whether a group is of experts. */
  public boolean isExpert(int group) {
    return isExpert[group];
  }

  /** Returns over how many ranks experts are spread; 0 where there are none. */
  public int expertRanks() {
    return members.size();
  }

  /** Returns per group how many ranks share it, if {@code worldSize} share what is no expert. */
  public int[] sharers(int worldSize) {
    int[] sharers = new int[isExpert.length];
    for (int i = 0; i < sharers.length; i++) {
      sharers[i] = isExpert[i] && !members.isEmpty() ? members.get(0).size() : worldSize;
    }
    return sharers;
  }

  /** Returns the ranks that share the experts of one expert rank. */
  public List<OptimizerStates> members(int expertRank) {
    return members.get(expertRank);
  }

  /** Returns which groups are of experts. */
  public boolean[] chosen() {
    return Arrays.copyOf(isExpert, isExpert.length);
  }
}
