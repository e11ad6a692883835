package dev.cairn.deepspeed.saved;

import dev.cairn.input.DeepSpeedRefusal;
import dev.cairn.tensor.CorruptFileException;
import java.nio.file.Path;
import java.util.TreeMap;

/**
 * The files of one model rank of a save, by data-parallel rank in numeric order.
 *
 * @param modelRank the number after {@code mp_rank_}
 * @param optimizerStates per rank the file with its masters
 * @param perRank per rank the file with its module, as under ZeRO-3
 * @param single rank 0's file with the module, which others do not write
 */
public record RankFiles(
    int modelRank,
    TreeMap<Integer, Path> optimizerStates,
    TreeMap<Integer, Path> perRank,
    TreeMap<Integer, Path> single) {
  RankFiles(int modelRank) {
    this(modelRank, new TreeMap<>(), new TreeMap<>(), new TreeMap<>());
  }

  /** Returns whether every rank wrote model states, as under ZeRO-3. */
  boolean modelStatesPerRank() {
    return !perRank.isEmpty();
  }

  /** Returns the files with modules; under ZeRO-1 and -2 only rank 0's. */
  TreeMap<Integer, Path> modelStates() {
    return perRank.isEmpty() ? single : perRank;
  }

  /**
   * Checks that model states are of one kind.
   *
   * @throws CorruptFileException if files are those of two saves
   */
  void requireOneKind(TagFolder folder) throws CorruptFileException {
    if (!perRank.isEmpty() && !single.isEmpty()) {
      throw mixed(folder, perRank.firstEntry().getValue(), single.firstEntry().getValue());
    }
  }

  static CorruptFileException mixed(TagFolder folder, Path one, Path other) {
    return DeepSpeedRefusal.MIXED.of(
        folder.path(),
        "difference",
        one.getFileName() + " and " + other.getFileName() + ", expected one of them");
  }

  /**
   * Checks that exactly the ranks below {@code worldSize} are there.
   *
   * @throws CorruptFileException naming the first rank whose file is missing or too many
   */
  void requireRanks(int worldSize) throws CorruptFileException {
    requireRanks(optimizerStates, worldSize, "optimizer states", "optim_states.pt");
    if (modelStatesPerRank()) {
      requireRanks(perRank, worldSize, "model states", "model_states.pt");
    }
  }

  private void requireRanks(TreeMap<Integer, Path> files, int worldSize, String what, String suffix)
      throws CorruptFileException {
    Path folder = files.firstEntry().getValue().getParent();
    for (int rank = 0; rank < worldSize; rank++) {
      if (!files.containsKey(rank)) {
        throw DeepSpeedRefusal.MISSING_RANK.of(
            folder,
            "rank",
            Integer.toString(rank),
            "what",
            what,
            "name",
            "*zero_pp_rank_%d_mp_rank_%02d_%s".formatted(rank, modelRank, suffix),
            "ranks",
            Integer.toString(worldSize));
      }
    }
    if (files.lastKey() >= worldSize) {
      throw DeepSpeedRefusal.MIXED.of(
          files.lastEntry().getValue(),
          "difference",
          "rank=" + files.lastKey() + ", expected ranks 0 to " + (worldSize - 1));
    }
  }
}
