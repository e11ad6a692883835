package dev.cairn.content;

import dev.cairn.io.SourceRange;
import dev.cairn.tensor.DType;
import java.io.IOException;

/**
 * A parameter under ZeRO-1 or -2: one run of its group's joined partitions.
 *
 * @param pieces the group
 * @param base element of the group that is the parameter's first
 */
public record FlatContent(FlatPieces pieces, long base) implements Content {
  @Override
  public DType dtype() {
    return pieces.dtype();
  }

  @Override
  public void visit(long begin, long end, SourceRange.Visitor visitor) throws IOException {
    pieces.visit(base + begin, base + end, begin, visitor);
  }
}
