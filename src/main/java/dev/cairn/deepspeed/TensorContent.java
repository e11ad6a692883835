package dev.cairn.deepspeed;

import dev.cairn.io.SourceRange;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.StoredTensor;
import dev.cairn.torchfile.Strides;
import java.io.IOException;

/**
 * A parameter or buffer that is one stored tensor, of any strides.
 *
 * @param stored the tensor
 */
record TensorContent(StoredTensor stored) implements Content {
  @Override
  public DType dtype() {
    return stored.dtype();
  }

  @Override
  public void visit(long begin, long end, SourceRange.Visitor visitor) throws IOException {
    long width = dtype().bits() / 8;
    if (stored.tensor().isContiguous()) {
      if (begin < end) {
        visitor.visit(
            new SourceRange(
                stored.file(), stored.fileOffset() + begin * width, width, dtype(), begin, end));
      }
      return;
    }
    Shape shape = stored.shape();
    Strides strides = stored.tensor().strides();
    int inner = shape.dimensions() - 1;
    for (long at = begin; at < end; ) {
      long column = at % shape.dimension(inner);
      long stop = Math.min(end, at - column + shape.dimension(inner));
      long element = column * strides.step(inner);
      long row = at / shape.dimension(inner);
      for (int i = inner - 1; i >= 0; i--) {
        element += row % shape.dimension(i) * strides.step(i);
        row /= shape.dimension(i);
      }
      visitor.visit(
          new SourceRange(
              stored.file(),
              stored.fileOffset() + element * width,
              strides.step(inner) * width,
              dtype(),
              at,
              stop));
      at = stop;
    }
  }
}
