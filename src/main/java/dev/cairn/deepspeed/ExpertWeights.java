package dev.cairn.deepspeed;

import dev.cairn.content.BoxesContent;
import dev.cairn.content.Content;
import dev.cairn.content.TensorContent;
import dev.cairn.deepspeed.parallel.AutoEpLayer;
import dev.cairn.deepspeed.saved.ExpertGroups;
import dev.cairn.deepspeed.saved.ModelStates;
import dev.cairn.deepspeed.saved.TrainableContents;
import dev.cairn.input.Printable;
import dev.cairn.layout.Box;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.StoredTensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;

/**
 * The experts of a save as whole parameters: {@code deepspeed.moe}'s each by itself, under its
 * number among all; AutoEP's of a layer as one tensor, the experts along its first dimension.
 */
final class ExpertWeights {
  private final ModelStates model;
  private final Map<String, StoredTensor> held;
  private final DType heldDType;
  private final List<CheckpointParameter> parameters = new ArrayList<>();

  private ExpertWeights(ModelStates model, Map<String, StoredTensor> held) {
    this.model = model;
    this.held = held;
    this.heldDType =
        held.values().stream().map(StoredTensor::dtype).findFirst().orElse(model.heldDType());
  }

  /**
   * Returns the experts of a save with optimizer states.
   *
   * @param worldSize data-parallel ranks
   * @param groups all groups
   * @param experts which of them are of experts, and who shares them
   * @param held what the experts' own files hold, by name; empty under ZeRO-3
   */
  static List<CheckpointParameter> partitioned(
      ModelStates model,
      int worldSize,
      List<Map<String, Shape>> groups,
      ExpertGroups experts,
      Map<String, StoredTensor> held)
      throws CorruptFileException {
    List<Map<String, Content>> masters = new ArrayList<>();
    for (int rank = 0; rank < experts.expertRanks(); rank++) {
      masters.add(
          TrainableContents.of(
              experts.members(rank), groups, experts.sharers(worldSize), experts.chosen()));
    }
    ExpertWeights weights = new ExpertWeights(model, held);
    for (int i = 0; i < groups.size(); i++) {
      if (experts.isExpert(i)) {
        weights.addGroup(groups.get(i), masters);
      }
    }
    return weights.parameters;
  }

  /**
   * Returns the experts of a save without ZeRO, or without its optimizer states.
   *
   * @param held what the experts' own files hold, by name
   * @param masters by expert rank, as {@link #candidates} names them; empty where there are none
   */
  static List<CheckpointParameter> whole(
      ModelStates model, Map<String, StoredTensor> held, List<Map<String, Content>> masters)
      throws CorruptFileException {
    ExpertWeights weights = new ExpertWeights(model, held);
    int ranks = Math.max(1, masters.size());
    for (Map.Entry<String, NamelessMasters.Held> entry :
        candidates(model, held, 0, ranks).entrySet()) {
      if (ExpertGroups.NUMBERED.matcher(entry.getKey()).matches()) {
        continue;
      }
      weights.addLayer(entry.getKey(), entry.getValue().shape(), masters);
    }
    held.forEach(
        (name, stored) -> {
          if (ExpertGroups.NUMBERED.matcher(name).matches()) {
            Content content = new TensorContent(stored);
            for (Map<String, Content> rank : masters) {
              content = rank.getOrDefault(name, content);
            }
            weights.add(name, stored.shape(), content, new TensorContent(stored));
          }
        });
    return weights.parameters;
  }

  /**
   * Returns the parameters that one expert rank has, without ZeRO.
   *
   * @param ranks over how many experts are spread
   */
  static Map<String, NamelessMasters.Held> candidates(
      ModelStates model, Map<String, StoredTensor> held, int rank, int ranks)
      throws CorruptFileException {
    Map<String, NamelessMasters.Held> candidates = new LinkedHashMap<>();
    ExpertWeights weights = new ExpertWeights(model, held);
    for (AutoEpLayer layer : model.parallelism().autoEp()) {
      int local = layer.experts() / ranks;
      for (String name : layer.tensors(held.keySet())) {
        StoredTensor first = held.get(name + ".0");
        if (first != null) {
          Shape shape = stacked(first.shape(), local);
          candidates.put(
              name,
              new NamelessMasters.Held(shape, weights.heldOf(name, shape, rank * local, local)));
        }
      }
    }
    Map<String, Integer> counts = numbered(held.keySet());
    held.forEach(
        (name, stored) -> {
          Matcher matcher = ExpertGroups.NUMBERED.matcher(name);
          if (matcher.matches()
              && Integer.parseInt(matcher.group(2)) / (counts.get(matcher.group(1)) / ranks)
                  == rank) {
            candidates.put(
                name, new NamelessMasters.Held(stored.shape(), new TensorContent(stored)));
          }
        });
    return candidates;
  }

  private void addGroup(Map<String, Shape> group, List<Map<String, Content>> masters)
      throws CorruptFileException {
    Map<String, Integer> counts = numbered(group.keySet());
    for (Map.Entry<String, Shape> entry : group.entrySet()) {
      Matcher matcher = ExpertGroups.NUMBERED.matcher(entry.getKey());
      if (!matcher.matches()) {
        addLayer(entry.getKey(), entry.getValue(), masters);
        continue;
      }
      for (int rank = 0; rank < masters.size(); rank++) {
        int number = rank * counts.get(matcher.group(1)) + Integer.parseInt(matcher.group(2));
        String name = matcher.group(1) + number + matcher.group(3);
        StoredTensor stored = held.get(name);
        boolean fits = stored != null && stored.shape().equals(entry.getValue());
        add(
            name,
            entry.getValue(),
            masters.get(rank).get(entry.getKey()),
            fits ? new TensorContent(stored) : null);
      }
    }
  }

  /** Returns how many experts each layer has, by what is before their numbers. */
  private static Map<String, Integer> numbered(Set<String> names) {
    Map<String, Integer> counts = new HashMap<>();
    for (String name : names) {
      Matcher matcher = ExpertGroups.NUMBERED.matcher(name);
      if (matcher.matches()) {
        counts.merge(matcher.group(1), Integer.parseInt(matcher.group(2)) + 1, Math::max);
      }
    }
    return counts;
  }

  /** Adds one tensor of all experts of a layer that AutoEP made. */
  private void addLayer(String name, Shape local, List<Map<String, Content>> masters)
      throws CorruptFileException {
    int ranks = Math.max(1, masters.size());
    int perRank = local.dimensions() == 0 ? 0 : Math.toIntExact(local.dimension(0));
    long[] extents = local.toArray();
    if (extents.length > 0) {
      extents[0] = Math.multiplyExact(extents[0], ranks);
    }
    Shape whole = Shape.of(extents);
    List<BoxesContent.Piece> pieces = new ArrayList<>();
    for (int rank = 0; rank < masters.size() && extents.length > 0; rank++) {
      Content content = masters.get(rank).get(name);
      if (content != null) {
        pieces.add(
            new BoxesContent.Piece(Box.slice(whole, 0, (long) rank * perRank, perRank), content));
      }
    }
    Content heldContent = heldOf(name, whole, 0, (int) whole.dimension(0));
    Content content = pieces.isEmpty() ? heldContent : BoxesContent.of(what(name), whole, pieces);
    add(name, whole, content, heldContent);
  }

  /** Returns what the files of some experts hold; null where one of them is missing. */
  private Content heldOf(String name, Shape stacked, int first, int count)
      throws CorruptFileException {
    List<BoxesContent.Piece> pieces = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      StoredTensor stored = held.get(name + "." + (first + i));
      if (stored == null || !stacked(stored.shape(), count).equals(stacked)) {
        return null;
      }
      pieces.add(new BoxesContent.Piece(Box.slice(stacked, 0, i, 1), new TensorContent(stored)));
    }
    return pieces.isEmpty() ? null : BoxesContent.of(what(name), stacked, pieces);
  }

  private static Shape stacked(Shape one, int count) {
    long[] extents = new long[one.dimensions() + 1];
    extents[0] = count;
    System.arraycopy(one.toArray(), 0, extents, 1, one.dimensions());
    return Shape.of(extents);
  }

  private void add(String name, Shape shape, Content content, Content heldContent) {
    parameters.add(
        new CheckpointParameter(
            name, shape, ParameterKind.TRAINABLE, heldDType, null, content, heldContent));
  }

  private String what(String name) {
    return "parameter=" + Printable.of(name) + ", file=" + model.file();
  }
}
