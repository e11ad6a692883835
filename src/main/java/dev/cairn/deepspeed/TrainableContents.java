package dev.cairn.deepspeed;

import dev.cairn.deepspeed.content.Content;
import dev.cairn.deepspeed.content.FlatContent;
import dev.cairn.deepspeed.content.FlatPieces;
import dev.cairn.deepspeed.content.PartitionedContent;
import dev.cairn.input.Refusal;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.StoredTensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds the masters of the trainable parameters in the ranks' flat groups.
 *
 * @see <a
 *     href="https://github.com/deepspeedai/DeepSpeed/blob/master/deepspeed/utils/zero_to_fp32.py">DeepSpeed
 *     zero_to_fp32.py, _zero2_merge_trainable_params and _zero3_merge_trainable_params</a>
 */
final class TrainableContents {
  private TrainableContents() {}

  /**
   * Returns the content of each parameter in {@code groups}, in order.
   *
   * @param ranks optimizer states of every rank, in rank order
   * @throws CorruptFileException if the ranks disagree or hold another count of elements
   */
  static Map<String, Content> of(List<OptimizerStates> ranks, List<Map<String, Shape>> groups)
      throws CorruptFileException {
    try {
      return ranks.get(0).stage() == 3 ? zero3(ranks, groups) : zero12(ranks, groups);
    } catch (ArithmeticException e) {
      throw new CorruptFileException(
          "element count of the parameters overflows: file=" + ranks.get(0).file(), e);
    }
  }

  private static Map<String, Content> zero3(
      List<OptimizerStates> ranks, List<Map<String, Shape>> groups) throws CorruptFileException {
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
    for (Map<String, Shape> group : groups) {
      for (Map.Entry<String, Shape> entry : group.entrySet()) {
        long elements = entry.getValue().elements();
        long partition = PartitionedContent.partitionElements(elements, flat.size());
        contents.put(entry.getKey(), new PartitionedContent(flat, base, Math.max(partition, 1)));
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

  private static Map<String, Content> zero12(
      List<OptimizerStates> ranks, List<Map<String, Shape>> groups) throws CorruptFileException {
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
      List<StoredTensor> partitions = new ArrayList<>();
      for (OptimizerStates rank : ranks) {
        partitions.add(rank.flatGroups().get(i));
      }
      FlatPieces pieces = FlatPieces.of(partitions);
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
    return Refusal.OTHER_MASTERS.of(
        rank.file(),
        "has",
        Long.toString(actual),
        "expected",
        (least == most ? "" : least + " to ") + most);
  }
}
