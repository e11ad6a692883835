package dev.cairn.content;

import dev.cairn.io.SourceRange;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;

/** A frozen parameter under ZeRO-3: a fragment of p = ceil(elements / worldSize) per rank. */
public final class FragmentContent implements Content {
  private final DType dtype;
  private final Path[] files;
  private final long[] fileOffsets;
  private final long partitionElements;

  /**
   * Creates one over arrays that nobody changes any more.
   *
   * @param dtype element type of every fragment
   * @param files per rank the file; shared by all parameters
   * @param fileOffsets per rank where the fragment begins
   * @param partitionElements p, 1 or more
   */
  public FragmentContent(DType dtype, Path[] files, long[] fileOffsets, long partitionElements) {
    this.dtype = dtype;
    this.files = files;
    this.fileOffsets = fileOffsets;
    this.partitionElements = partitionElements;
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public void visit(long begin, long end, SourceRange.Visitor visitor) throws IOException {
    int width = dtype.bits() / 8;
    for (long at = begin; at < end; ) {
      int rank = (int) (at / partitionElements);
      long inRank = at - rank * partitionElements;
      long stop = Math.min(end - at, partitionElements - inRank) + at;
      visitor.visit(
          new SourceRange(files[rank], fileOffsets[rank] + inRank * width, width, dtype, at, stop));
      at = stop;
    }
  }
}
