package dev.cairn.peft.stored;

import dev.cairn.tensor.Shape;
import java.util.Arrays;

/**
 * Which scale each element of a weight has: one for each block of rows and columns, for each row,
 * or one for all. What stands before a weight's last two dimensions, such as experts, has scales of
 * its own.
 *
 * @param rows of one matrix
 * @param columns of one matrix
 * @param gridRows how many blocks its rows are in
 * @param gridColumns how many blocks its columns are in
 * @param blockRows rows of a block; the last block may have fewer
 * @param blockColumns columns of a block; the last block may have fewer
 */
record ScaleGrid(
    long rows, long columns, long gridRows, long gridColumns, long blockRows, long blockColumns) {
  /**
   * Finds out how a weight's scales lie, as transformers does: the blocks follow from the shapes.
   * Where they do not, as the last block has fewer rows or columns, the config says how large they
   * are.
   *
   * @param blocks rows and columns of a block, as the config says; empty if it does not
   * @throws IllegalArgumentException if the scales are not those of the weight
   * @see <a
   *     href="https://github.com/huggingface/transformers/blob/main/src/transformers/integrations/finegrained_fp8.py">
   *     transformers, Fp8Dequantize</a>
   */
  static ScaleGrid of(StoredWeight weight, StoredWeight scale, long[] blocks) {
    Shape shape = weight.shape();
    Shape scales = scale.shape();
    int last = shape.dimensions() - 1;
    long columns = last < 0 ? 1 : shape.dimension(last);
    long rows = last < 1 ? 1 : shape.dimension(last - 1);
    boolean isOne = scales.elements() == 1;
    boolean isPerRow = scales.dimensions() == 1 && scales.elements() == rows;
    boolean isGrid = scales.dimensions() >= 2 && scales.dimensions() == shape.dimensions();
    long gridRows = isGrid ? scales.dimension(last - 1) : isPerRow ? rows : 1;
    long gridColumns = isGrid ? scales.dimension(last) : 1;
    long matrices = columns == 0 || rows == 0 ? 1 : shape.elements() / (rows * columns);
    boolean isEach = scales.elements() == Math.multiplyExact(matrices, gridRows * gridColumns);
    boolean isKnown = (isOne && matrices == 1) || isPerRow || isGrid;
    if (isKnown && isEach && rows % gridRows == 0 && columns % gridColumns == 0) {
      return new ScaleGrid(
          rows, columns, gridRows, gridColumns, rows / gridRows, columns / gridColumns);
    }
    boolean isBlocks =
        isGrid
            && isEach
            && blocks.length == 2
            && gridRows == (rows + blocks[0] - 1) / blocks[0]
            && gridColumns == (columns + blocks[1] - 1) / blocks[1];
    if (isBlocks) {
      return new ScaleGrid(rows, columns, gridRows, gridColumns, blocks[0], blocks[1]);
    }
    throw new IllegalArgumentException(
        "scales do not fit the weight: tensor=%s %s, scales=%s %s, weight_block_size=%s"
            .formatted(weight.name(), shape, scale.name(), scales, Arrays.toString(blocks)));
  }

  /** Returns which scale an element has. */
  int scale(long element) {
    long row = element / columns;
    long inMatrix = row / rows * gridRows + row % rows / blockRows;
    return Math.toIntExact(inMatrix * gridColumns + element % columns / blockColumns);
  }

  /** Returns how many elements, from this one on, have the same scale one after the other. */
  long run(long element) {
    long column = element % columns;
    return Math.min(columns - column, blockColumns - column % blockColumns);
  }
}
