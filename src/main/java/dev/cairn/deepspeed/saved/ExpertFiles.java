package dev.cairn.deepspeed.saved;

import dev.cairn.deepspeed.saved.SaveFiles.ExpertFile;
import dev.cairn.input.DeepSpeedRefusal;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.PickleValue.Dictionary;
import dev.cairn.torchfile.StateDict;
import dev.cairn.torchfile.StoredTensor;
import dev.cairn.torchfile.TorchFile;
import dev.cairn.torchfile.TorchTensors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the files of single experts hold.
 *
 * @param tensors held weights by the names in the files, which have experts' numbers among all
 * @param masters of saves without ZeRO: one entry for each file of an expert rank
 */
public record ExpertFiles(Map<String, StoredTensor> tensors, List<ExpertMasters> masters) {
  /**
   * Masters without names in the optimizer states of one expert rank.
   *
   * @param expertRank whose experts are among them
   * @param modelRank whose other weights are among them
   * @param groups the masters by optimizer group
   */
  public record ExpertMasters(int expertRank, int modelRank, List<List<StoredTensor>> groups) {}

  /**
   * Reads the metadata of the files. Where two ranks write one file at once some come out broken:
   * its checksum tells when its weights are read.
   *
   * @throws CorruptFileException if a file is missing, damaged, or of an expert that is split
   */
  public static ExpertFiles read(SaveFiles files, List<ModelRank> ranks) throws IOException {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    requireAll(files, ranks.get(0).model().parallelism().experts());
    for (ExpertFile file : files.experts()) {
      for (Map.Entry<String, StoredTensor> entry :
          StateDict.read(file.path()).tensors().entrySet()) {
        StoredTensor other = tensors.put(entry.getKey(), entry.getValue());
        if (other != null) {
          throw DeepSpeedRefusal.SPLIT_EXPERTS.of(
              file.path(), "other", other.file().getFileName().toString());
        }
      }
    }
    List<ExpertMasters> masters = new ArrayList<>();
    for (ExpertFile file : files.expertOptimizers()) {
      masters.add(new ExpertMasters(file.expert(), file.modelRank(), masters(file)));
    }
    return new ExpertFiles(tensors, masters);
  }

  private static List<List<StoredTensor>> masters(ExpertFile file) throws IOException {
    try (TorchFile archive = TorchFile.open(file.path())) {
      TorchTensors types = new TorchTensors(file.path());
      Dictionary root = types.dictionary(archive.root(), "optimizer file");
      return ModelStatesReader.masters(root.get("optimizer"), archive, types);
    }
  }

  private static void requireAll(SaveFiles files, List<Integer> counts)
      throws CorruptFileException {
    Map<Integer, Set<Integer>> found = new LinkedHashMap<>();
    for (ExpertFile file : files.experts()) {
      found.computeIfAbsent(file.layer(), key -> new TreeSet<>()).add(file.expert());
    }
    for (int layer = 0; layer < counts.size() && !found.isEmpty(); layer++) {
      Set<Integer> experts = found.getOrDefault(layer, Set.of());
      for (int expert = 0; expert < counts.get(layer); expert++) {
        if (!experts.contains(expert)) {
          throw DeepSpeedRefusal.MISSING_EXPERT.of(
              files.experts().get(0).path().toAbsolutePath().getParent(),
              "name",
              "layer_%d_expert_%d_mp_rank_*_model_states.pt".formatted(layer, expert),
              "count",
              Integer.toString(counts.get(layer)));
        }
      }
    }
  }
}
