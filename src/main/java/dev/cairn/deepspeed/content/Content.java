package dev.cairn.deepspeed.content;

import dev.cairn.io.SourceRange;
import dev.cairn.tensor.DType;
import java.io.IOException;

/**
 * Where the elements of one parameter lie: a pure mapping from row-major elements to file ranges.
 *
 * <p>Immutable; any thread.
 */
public sealed interface Content
    permits FlatContent, FragmentContent, PartitionedContent, TensorContent {
  /** Returns the element type of every range. */
  DType dtype();

  /** Visits the ranges of elements [begin, end), in order, none empty. */
  void visit(long begin, long end, SourceRange.Visitor visitor) throws IOException;
}
