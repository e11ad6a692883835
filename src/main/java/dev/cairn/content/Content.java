package dev.cairn.content;

import dev.cairn.io.SourceRange;
import dev.cairn.tensor.DType;
import java.io.IOException;

/**
 * Where the elements of one tensor lie: a pure mapping from row-major elements to file ranges.
 *
 * <p>Immutable; any thread.
 */
public sealed interface Content
    permits BoxContent,
        BoxesContent,
        FlatContent,
        FragmentContent,
        PartitionedContent,
        TensorContent {
  /** Returns the element type of every range. */
  DType dtype();

  /** Visits the ranges of elements [begin, end), in order, none empty. */
  void visit(long begin, long end, SourceRange.Visitor visitor) throws IOException;

  /**
   * Visits further ranges of elements among [begin, end), in any order: other holders' copies,
   * which have to be the same bytes.
   */
  default void visitReplicas(long begin, long end, SourceRange.Visitor visitor)
      throws IOException {}

  /** Returns whether there are elements that more than one holder has. */
  default boolean hasReplicas() {
    return false;
  }
}
