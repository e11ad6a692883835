package dev.cairn.deepspeed.saved;

import dev.cairn.input.DeepSpeedRefusal;
import dev.cairn.input.Links;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files of one save.
 *
 * @param modelRanks by the number after {@code mp_rank_}: of a tensor-parallel rank or a pipeline's
 *     stage
 * @param experts files of one expert of one layer each
 * @param expertOptimizers optimizer states of one expert rank each, which saves without ZeRO have
 */
public record SaveFiles(
    TreeMap<Integer, RankFiles> modelRanks,
    List<ExpertFile> experts,
    List<ExpertFile> expertOptimizers) {
  private static final Pattern OPTIMIZER =
      Pattern.compile(
          "(?:bf16_|fp16_)?zero_pp_rank_(\\d{1,6})_mp_rank_(\\d{1,6})_optim_states\\.pt");
  private static final Pattern MODEL_OF_RANK =
      Pattern.compile("zero_pp_rank_(\\d{1,6})_mp_rank_(\\d{1,6})_model_states\\.pt");
  private static final Pattern MODEL = Pattern.compile("mp_rank_(\\d{1,6})_model_states\\.pt");
  private static final Pattern EXPERT =
      Pattern.compile("layer_(\\d{1,6})_expert_(\\d{1,6})_mp_rank_(\\d{1,6})_model_states\\.pt");
  private static final Pattern OLD_EXPERT =
      Pattern.compile("expert_\\d+_mp_rank_\\d+_model_states\\.pt");
  private static final Pattern EXPERT_OPTIMIZER =
      Pattern.compile("expp_rank_(\\d{1,6})_mp_rank_(\\d{1,6})_optim_states\\.pt");
  private static final Comparator<ExpertFile> IN_ORDER =
      Comparator.comparingInt(ExpertFile::layer)
          .thenComparingInt(ExpertFile::expert)
          .thenComparingInt(ExpertFile::modelRank);
  private static final int MAX_FILES = 1_000_000;

  /**
   * A file of experts.
   *
   * @param layer counted among the layers with experts; 0 for optimizer states
   * @param expert number of the expert in its layer, or of the expert rank
   * @param modelRank the number after {@code mp_rank_}
   */
  record ExpertFile(int layer, int expert, int modelRank, Path path) {}

  /**
   * Lists the files of a save.
   *
   * @throws CorruptFileException if files are those of another kind or of two saves
   */
  public static SaveFiles list(TagFolder folder) throws IOException {
    SaveFiles save = new SaveFiles(new TreeMap<>(), new ArrayList<>(), new ArrayList<>());
    int files = 0;
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder.path())) {
      for (Path path : stream) {
        if (++files > MAX_FILES) {
          throw new CorruptFileException("folder holds too many files: path=" + folder.path());
        }
        save.sort(path, folder);
      }
    }
    save.experts.sort(IN_ORDER);
    save.expertOptimizers.sort(IN_ORDER);
    for (RankFiles rank : save.modelRanks.values()) {
      rank.requireOneKind(folder);
    }
    return save;
  }

  private void sort(Path path, TagFolder folder) throws IOException {
    String name = path.getFileName().toString();
    if (OLD_EXPERT.matcher(name).matches()) {
      throw DeepSpeedRefusal.OLD_EXPERTS.of(path);
    }
    Matcher optimizer = OPTIMIZER.matcher(name);
    Matcher modelOfRank = MODEL_OF_RANK.matcher(name);
    Matcher model = MODEL.matcher(name);
    if (optimizer.matches()) {
      put(of(optimizer, 2).optimizerStates(), number(optimizer, 1), path, folder);
    } else if (modelOfRank.matches()) {
      put(of(modelOfRank, 2).perRank(), number(modelOfRank, 1), path, folder);
    } else if (model.matches()) {
      put(of(model, 1).single(), 0, path, folder);
    } else {
      sortExpert(path, name);
    }
  }

  private void sortExpert(Path path, String name) throws IOException {
    Matcher expert = EXPERT.matcher(name);
    Matcher states = EXPERT_OPTIMIZER.matcher(name);
    if (expert.matches()) {
      Links.requireFile(path);
      experts.add(new ExpertFile(number(expert, 1), number(expert, 2), number(expert, 3), path));
    } else if (states.matches()) {
      Links.requireFile(path);
      expertOptimizers.add(new ExpertFile(0, number(states, 1), number(states, 2), path));
    }
  }

  private RankFiles of(Matcher matcher, int group) {
    return modelRanks.computeIfAbsent(number(matcher, group), RankFiles::new);
  }

  private static int number(Matcher matcher, int group) {
    return Integer.parseInt(matcher.group(group));
  }

  private static void put(Map<Integer, Path> files, int rank, Path path, TagFolder folder)
      throws IOException {
    Links.requireFile(path);
    Path other = files.put(rank, path);
    if (other != null) {
      throw RankFiles.mixed(folder, other, path);
    }
  }

  /** Returns whether there are optimizer states of any rank. */
  public boolean hasOptimizerStates() {
    return modelRanks.values().stream().anyMatch(rank -> !rank.optimizerStates().isEmpty());
  }

  /** Returns whether there are model states of any rank. */
  public boolean hasModelStates() {
    return modelRanks.values().stream().anyMatch(rank -> !rank.modelStates().isEmpty());
  }

  /**
   * Checks that the files of every model rank are there.
   *
   * @param ranks how many the save says there are
   */
  public void requireModelRanks(TagFolder folder, int ranks) throws CorruptFileException {
    for (int rank = 0; rank < ranks; rank++) {
      RankFiles files = modelRanks.get(rank);
      if (files == null || files.modelStates().isEmpty()) {
        throw DeepSpeedRefusal.MISSING_RANK.of(
            folder.path(),
            "rank",
            Integer.toString(rank),
            "what",
            "model states",
            "name",
            "*mp_rank_%02d_model_states.pt".formatted(rank),
            "ranks",
            Integer.toString(ranks));
      }
    }
    if (modelRanks.lastKey() >= ranks) {
      throw DeepSpeedRefusal.MIXED.of(
          folder.path(),
          "difference",
          "mp_rank=" + modelRanks.lastKey() + ", expected 0 to " + (ranks - 1));
    }
  }
}
