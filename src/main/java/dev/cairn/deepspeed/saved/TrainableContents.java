package dev.cairn.deepspeed.saved;

import dev.cairn.content.Content;
import dev.cairn.content.FlatContent;
import dev.cairn.content.FlatPieces;
import dev.cairn.content.PartitionedContent;
import dev.cairn.input.DeepSpeedRefusal;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.StoredTensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds the masters of trainable parameters in the flat groups of the ranks that share them.
 *
 * @see <a
 *     href="https://github.com/deepspeedai/DeepSpeed/blob/master/deepspeed/utils/zero_to_fp32.py">DeepSpeed
 *     zero_to_fp32.py, _zero2_merge_trainable_params and _zero3_merge_trainable_params</a>
 */
public final class TrainableContents {
  private final List<OptimizerStates> ranks;
  private final List<Map<String, Shape>> groups;
  private final int[] sharers;

  private TrainableContents(
      List<OptimizerStates> ranks, List<Map<String, Shape>> groups, int[] sharers) {
    this.ranks = ranks;
    this.groups = groups;
    this.sharers = sharers;
  }

  /**
   * Returns the content of the parameters of some groups.
   *
   * @param ranks optimizer states of the ranks that share these groups, in rank order
   * @param groups all groups of the save, since a rank's masters of all lie one after the other
   * @param sharers per group how many ranks share it
   * @param chosen per group whether its parameters are wanted
   * @throws CorruptFileException if the ranks disagree or hold another count of elements
   */
  public static Map<String, Content> of(
      List<OptimizerStates> ranks, List<Map<String, Shape>> groups, int[] sharers, boolean[] chosen)
      throws CorruptFileException {
    TrainableContents contents = new TrainableContents(ranks, groups, sharers);
    try {
      return ranks.get(0).stage() == 3 ? contents.zero3(chosen) : contents.zero12(chosen);
    } catch (ArithmeticException e) {
      throw new CorruptFileException(
          "element count of the parameters overflows: file=" + ranks.get(0).file(), e);
    }
  }

  private Map<String, Content> zero3(boolean[] chosen) throws CorruptFileException {
    List<FlatPieces> flat = new ArrayList<>();
    for (OptimizerStates rank : ranks) {
      FlatPieces pieces = FlatPieces.of(rank.flatGroups());
      flat.add(pieces);
      if (pieces.dtype() != flat.get(0).dtype()) {
        throw differentDTypes(rank, pieces, flat.get(0));
      }
    }
    Map<String, Content> contents = new LinkedHashMap<>();
    long base = 0;
    for (int i = 0; i < groups.size(); i++) {
      for (Map.Entry<String, Shape> entry : groups.get(i).entrySet()) {
        long elements = entry.getValue().elements();
        long partition = PartitionedContent.partitionElements(elements, sharers[i]);
        if (chosen[i]) {
          contents.put(entry.getKey(), new PartitionedContent(flat, base, Math.max(partition, 1)));
        }
        base = Math.addExact(base, partition);
      }
    }
    for (int rank = 0; rank < flat.size(); rank++) {
      if (flat.get(rank).elements() != base) {
        throw wrongCount(ranks.get(rank), flat.get(rank).elements(), base, base);
      }
    }
    return contents;
  }

  private Map<String, Content> zero12(boolean[] chosen) throws CorruptFileException {
    for (OptimizerStates rank : ranks) {
      if (rank.flatGroups().size() != groups.size()) {
        throw new CorruptFileException(
            "count of groups differs: groups="
                + rank.flatGroups().size()
                + ", expected "
                + groups.size()
                + " as in param_shapes, file="
                + rank.file());
      }
    }
    Map<String, Content> contents = new LinkedHashMap<>();
    for (int i = 0; i < groups.size(); i++) {
      if (chosen[i]) {
        contents.putAll(group(i));
      }
    }
    return contents;
  }

  private Map<String, Content> group(int i) throws CorruptFileException {
    List<StoredTensor> partitions = new ArrayList<>();
    for (OptimizerStates rank : ranks) {
      partitions.add(rank.flatGroups().get(i));
    }
    FlatPieces pieces = FlatPieces.of(partitions);
    Map<String, Content> contents = new LinkedHashMap<>();
    long base = 0;
    for (Map.Entry<String, Shape> entry : groups.get(i).entrySet()) {
      contents.put(entry.getKey(), new FlatContent(pieces, base));
      base = Math.addExact(base, entry.getValue().elements());
    }
    // DeepSpeed aligns a group to 2 * world size, and strips some of that padding again.
    long most = Math.addExact(base, 2L * ranks.size());
    if (pieces.elements() < base || pieces.elements() > most) {
      throw wrongCount(ranks.get(0), pieces.elements(), base, most);
    }
    return contents;
  }

  private static CorruptFileException differentDTypes(
      OptimizerStates rank, FlatPieces flat, FlatPieces first) {
    return new CorruptFileException(
        "masters have different dtypes: dtype="
            + flat.dtype()
            + ", expected "
            + first.dtype()
            + ", file="
            + rank.file());
  }

  private static CorruptFileException wrongCount(
      OptimizerStates rank, long actual, long least, long most) {
    return DeepSpeedRefusal.OTHER_MASTERS.of(
        rank.file(),
        "has",
        Long.toString(actual),
        "expected",
        (least == most ? "" : least + " to ") + most);
  }
}
