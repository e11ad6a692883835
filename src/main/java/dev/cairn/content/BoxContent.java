package dev.cairn.content;

import dev.cairn.io.SourceRange;
import dev.cairn.layout.Box;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;

/**
 * A box of another content.
 *
 * @param whole the other content
 * @param shape of it
 * @param box in it; its elements, row-major, are this content's
 */
public record BoxContent(Content whole, Shape shape, Box box) implements Content {
  @Override
  public DType dtype() {
    return whole.dtype();
  }

  @Override
  public void visit(long begin, long end, SourceRange.Visitor visitor) throws IOException {
    for (long at = begin; at < end; ) {
      long run = Math.min(box.runAt(shape, at), end - at);
      long element = box.elementAt(shape, at);
      long moved = at - element;
      whole.visit(element, element + run, range -> visitor.visit(range.moved(moved)));
      at += run;
    }
  }

  @Override
  public void visitReplicas(long begin, long end, SourceRange.Visitor visitor) throws IOException {
    for (long at = begin; at < end && whole.hasReplicas(); ) {
      long run = Math.min(box.runAt(shape, at), end - at);
      long element = box.elementAt(shape, at);
      long moved = at - element;
      whole.visitReplicas(element, element + run, range -> visitor.visit(range.moved(moved)));
      at += run;
    }
  }

  @Override
  public boolean hasReplicas() {
    return whole.hasReplicas();
  }
}
