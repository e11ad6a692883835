package dev.cairn.deepspeed;

import dev.cairn.content.Content;
import dev.cairn.deepspeed.saved.ExpertFiles;
import dev.cairn.deepspeed.saved.ModelRank;
import dev.cairn.deepspeed.saved.ModelStates;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The parameters of a save without ZeRO, each with its master where there is one.
 *
 * @param parameters what each model rank has, experts apart
 * @param experts by expert rank the masters of its experts; empty where there are none
 */
record WholeMasters(
    List<List<CheckpointParameter>> parameters, List<Map<String, Content>> experts) {

  /** Finds which master is whose. */
  static WholeMasters match(List<ModelRank> ranks, ExpertFiles files) throws IOException {
    List<List<CheckpointParameter>> parameters = new ArrayList<>();
    int expertRanks =
        (int)
            files.masters().stream().map(ExpertFiles.ExpertMasters::expertRank).distinct().count();
    boolean any = files.masters().stream().anyMatch(states -> !states.groups().isEmpty());
    Map<Integer, Map<String, Content>> experts = new HashMap<>();
    for (ModelRank rank : ranks) {
      ModelStates model = rank.model();
      Map<String, NamelessMasters.Held> dense = WholeWeights.candidates(model);
      Map<String, List<Content>> found = new LinkedHashMap<>();
      for (Map<String, Content> group : NamelessMasters.match(model.masters(), dense)) {
        group.forEach((name, content) -> found.put(name, new ArrayList<>(List.of(content))));
      }
      for (ExpertFiles.ExpertMasters states : files.masters()) {
        if (states.modelRank() != rank.number() || states.groups().isEmpty()) {
          continue;
        }
        Map<String, NamelessMasters.Held> candidates = new LinkedHashMap<>(dense);
        Map<String, NamelessMasters.Held> own =
            ExpertWeights.candidates(model, files.tensors(), states.expertRank(), expertRanks);
        candidates.putAll(own);
        Map<String, Content> ofExperts =
            experts.computeIfAbsent(states.expertRank(), key -> new LinkedHashMap<>());
        for (Map<String, Content> group : NamelessMasters.match(states.groups(), candidates)) {
          group.forEach(
              (name, content) -> {
                if (own.containsKey(name)) {
                  ofExperts.put(name, content);
                } else {
                  found.computeIfAbsent(name, key -> new ArrayList<>()).add(content);
                }
              });
        }
      }
      Map<String, Content> masters = new LinkedHashMap<>();
      for (Map.Entry<String, List<Content>> entry : found.entrySet()) {
        masters.put(
            entry.getKey(),
            SavedWeights.replicas(
                entry.getKey(), dense.get(entry.getKey()).shape(), entry.getValue(), model.file()));
      }
      parameters.add(WholeWeights.of(model, masters));
    }
    List<Map<String, Content>> byRank = new ArrayList<>();
    for (int rank = 0; any && rank < expertRanks; rank++) {
      byRank.add(experts.getOrDefault(rank, Map.of()));
    }
    return new WholeMasters(parameters, byRank);
  }
}
