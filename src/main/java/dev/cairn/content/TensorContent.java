package dev.cairn.content;

import dev.cairn.io.SourceRange;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.StoredTensor;
import java.io.IOException;

/**
 * A parameter or buffer that is one stored tensor, of any strides.
 *
 * @param stored the tensor
 */
public record TensorContent(StoredTensor stored) implements Content {
  @Override
  public DType dtype() {
    return stored.dtype();
  }

  @Override
  public void visit(long begin, long end, SourceRange.Visitor visitor) throws IOException {
    stored.visit(begin, end, visitor);
  }
}
