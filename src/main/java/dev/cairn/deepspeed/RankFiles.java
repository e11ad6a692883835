package dev.cairn.deepspeed;

import dev.cairn.input.Refusal;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files of one save, by rank in numeric order.
 *
 * @param optimizerStates per rank the file with its masters
 * @param modelStates per rank the file with its module; under ZeRO-1 and -2 only rank 0's
 * @param modelStatesPerRank whether every rank wrote model states, as under ZeRO-3
 */
record RankFiles(
    TreeMap<Integer, Path> optimizerStates,
    TreeMap<Integer, Path> modelStates,
    boolean modelStatesPerRank) {
  private static final Pattern OPTIMIZER =
      Pattern.compile(
          "(?:bf16_|fp16_)?zero_pp_rank_(\\d{1,6})_mp_rank_(\\d{1,6})_optim_states\\.pt");
  private static final Pattern MODEL_OF_RANK =
      Pattern.compile("zero_pp_rank_(\\d{1,6})_mp_rank_(\\d{1,6})_model_states\\.pt");
  private static final Pattern MODEL = Pattern.compile("mp_rank_(\\d{1,6})_model_states\\.pt");
  private static final Pattern EXPERT =
      Pattern.compile(
          "(?:layer_\\d+_)?expert_\\d+_mp_rank_\\d+_model_states\\.pt|expp_rank_.*\\.pt");
  private static final int MAX_FILES = 1_000_000;

  /**
   * Lists the files of a save and refuses the kinds of checkpoint that are not supported.
   *
   * @throws CorruptFileException if files are those of another kind or of two saves
   */
  static RankFiles list(TagFolder folder) throws IOException {
    TreeMap<Integer, Path> optimizerStates = new TreeMap<>();
    TreeMap<Integer, Path> perRank = new TreeMap<>();
    TreeMap<Integer, Path> single = new TreeMap<>();
    int files = 0;
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder.path())) {
      for (Path path : stream) {
        if (++files > MAX_FILES) {
          throw new CorruptFileException("folder holds too many files: path=" + folder.path());
        }
        sort(path, folder, optimizerStates, perRank, single);
      }
    }
    if (!perRank.isEmpty() && !single.isEmpty()) {
      throw mixed(folder, perRank.firstEntry().getValue(), single.firstEntry().getValue());
    }
    boolean each = single.isEmpty();
    return new RankFiles(optimizerStates, each ? perRank : single, each && !perRank.isEmpty());
  }

  private static void sort(
      Path path,
      TagFolder folder,
      Map<Integer, Path> optimizerStates,
      Map<Integer, Path> perRank,
      Map<Integer, Path> single)
      throws IOException {
    String name = path.getFileName().toString();
    if (EXPERT.matcher(name).matches()) {
      throw new CorruptFileException("expert-parallel checkpoint not supported yet: file=" + path);
    }
    put(OPTIMIZER.matcher(name), 1, 2, path, folder, optimizerStates);
    put(MODEL_OF_RANK.matcher(name), 1, 2, path, folder, perRank);
    put(MODEL.matcher(name), 0, 1, path, folder, single);
  }

  private static void put(
      Matcher matcher,
      int rankGroup,
      int modelRankGroup,
      Path path,
      TagFolder folder,
      Map<Integer, Path> files)
      throws IOException {
    if (!matcher.matches()) {
      return;
    }
    if (Integer.parseInt(matcher.group(modelRankGroup)) != 0) {
      throw new CorruptFileException(
          "tensor- or pipeline-parallel checkpoint not supported yet: mp_rank="
              + matcher.group(modelRankGroup)
              + ", expected only mp_rank_00, file="
              + path);
    }
    TagFolder.requireFile(path);
    int rank = rankGroup == 0 ? 0 : Integer.parseInt(matcher.group(rankGroup));
    Path other = files.put(rank, path);
    if (other != null) {
      throw mixed(folder, other, path);
    }
  }

  private static CorruptFileException mixed(TagFolder folder, Path one, Path other) {
    return Refusal.MIXED.of(
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
    requireRanks(optimizerStates, worldSize, "optimizer states", "*_optim_states.pt");
    if (modelStatesPerRank) {
      requireRanks(modelStates, worldSize, "model states", "*_model_states.pt");
    }
  }

  private static void requireRanks(
      TreeMap<Integer, Path> files, int worldSize, String what, String pattern)
      throws CorruptFileException {
    Path folder = files.firstEntry().getValue().getParent();
    for (int rank = 0; rank < worldSize; rank++) {
      if (!files.containsKey(rank)) {
        throw Refusal.MISSING_RANK.of(
            folder,
            "rank",
            Integer.toString(rank),
            "what",
            what,
            "name",
            pattern.replace("*", "*zero_pp_rank_" + rank + "_mp_rank_00"),
            "ranks",
            Integer.toString(worldSize));
      }
    }
    if (files.lastKey() >= worldSize) {
      throw Refusal.MIXED.of(
          files.lastEntry().getValue(),
          "difference",
          "rank=" + files.lastKey() + ", expected ranks 0 to " + (worldSize - 1));
    }
  }
}
