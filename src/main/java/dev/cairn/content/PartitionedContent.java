package dev.cairn.content;

import dev.cairn.io.SourceRange;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.util.List;

/**
 * A parameter under ZeRO-3: rank r holds elements [r·p, (r+1)·p), p = ceil(elements / worldSize).
 *
 * @param ranks per rank what it holds, flat; shared by all parameters of a kind
 * @param base element of every rank's flat content that is its first of this parameter
 * @param partitionElements p, 1 or more
 * @see <a
 *     href="https://github.com/deepspeedai/DeepSpeed/blob/master/deepspeed/utils/zero_to_fp32.py">DeepSpeed
 *     zero_to_fp32.py, zero3_partitioned_param_info</a>
 */
public record PartitionedContent(List<FlatPieces> ranks, long base, long partitionElements)
    implements Content {

  @Override
  public DType dtype() {
    return ranks.get(0).dtype();
  }

  /** Returns ceil(elements / worldSize). */
  public static long partitionElements(long elements, int worldSize) {
    return elements / worldSize + (elements % worldSize == 0 ? 0 : 1);
  }

  @Override
  public void visit(long begin, long end, SourceRange.Visitor visitor) throws IOException {
    for (long at = begin; at < end; ) {
      int rank = (int) (at / partitionElements);
      long inRank = at - rank * partitionElements;
      long stop = Math.min(end - at, partitionElements - inRank) + at;
      ranks.get(rank).visit(base + inRank, base + inRank + (stop - at), at, visitor);
      at = stop;
    }
  }
}
