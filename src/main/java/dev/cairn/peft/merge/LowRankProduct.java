package dev.cairn.peft.merge;

import dev.cairn.device.HostMemory;
import dev.cairn.kernels.Kernels;
import dev.cairn.peft.stored.FloatTensor;
import dev.cairn.peft.stored.MergeMemory;
import dev.cairn.peft.stored.Turns;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * What an adapter adds to one weight: a tall matrix times a wide one, scaled, as F32 in the form
 * that {@link Kernels#addProduct} takes. Made when the weight's turn comes, freed after it.
 */
final class LowRankProduct implements Turns.Sized {
  /** What goes through the Java heap at a time: few calls, and it stays in the cache. */
  private static final int RUN_ELEMENTS = 1 << 14;

  private static final int MAX_PANELS = 16;

  private final Kernels kernels;
  private final MergeMemory pool;
  private final HostMemory leftMemory;
  private final HostMemory panelMemory;
  private final ByteBuffer left;
  private final ByteBuffer panels;
  private final int columns;
  private final int rank;

  /** Reads the adapter's matrices for a weight. */
  LowRankProduct(LowRankSource source, AdapterMatrices matrices) throws IOException {
    this.kernels = matrices.kernels();
    this.pool = matrices.pool();
    this.columns = source.columns();
    this.rank = source.rank();
    int leftBytes = Math.toIntExact(DType.F32.bytes((long) source.rows() * rank));
    int panelBytes = Math.toIntExact(DType.F32.bytes(Kernels.panelColumns(columns) * rank));
    leftMemory = pool.take(leftBytes);
    panelMemory = pool.take(panelBytes);
    left = leftMemory.view(0, leftBytes);
    panels = panelMemory.view(0, panelBytes);
    try {
      readLeft(source, matrices);
      clearLastPanel();
      readPanels(source, matrices);
    } catch (IOException | RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private void readLeft(LowRankSource source, AdapterMatrices matrices) throws IOException {
    float scale = (float) source.scale();
    FloatBuffer target = left.asFloatBuffer();
    try (FloatTensor given = source.readLeft(matrices)) {
      int rows = source.rows();
      if (source.isTransposed()) { // then given as rank x rows
        float[] column = new float[rows];
        for (int k = 0; k < rank; k++) {
          given.get((long) k * rows, column, rows);
          for (int row = 0; row < rows; row++) {
            target.put(row * rank + k, scale * column[row]);
          }
        }
        return;
      }
      long elements = (long) rows * rank;
      float[] run = new float[(int) Math.min(RUN_ELEMENTS, elements)];
      for (long first = 0; first < elements; first += run.length) {
        int count = (int) Math.min(run.length, elements - first);
        given.get(first, run, count);
        for (int i = 0; i < count; i++) {
          run[i] *= scale;
        }
        target.put((int) first, run, 0, count);
      }
    }
  }

  private void readPanels(LowRankSource source, AdapterMatrices matrices) throws IOException {
    FloatBuffer target = panels.asFloatBuffer();
    try (FloatTensor given = source.readRight(matrices)) {
      if (source.isTransposed()) { // then given as columns x rank
        float[] column = new float[rank];
        for (int index = 0; index < columns; index++) {
          given.get((long) index * rank, column, rank);
          for (int k = 0; k < rank; k++) {
            target.put(inPanels(index, k), column[k]);
          }
        }
        return;
      }
      int step = Math.min(columns, MAX_PANELS * Kernels.PANEL_COLUMNS);
      float[] rows = new float[step];
      float[] packed = new float[MAX_PANELS * Kernels.PANEL_COLUMNS * rank];
      for (int column = 0; column < columns; column += step) {
        int count = Math.min(step, columns - column);
        for (int k = 0; k < rank; k++) {
          given.get((long) k * columns + column, rows, count);
          toPanels(rows, count, packed, k);
        }
        int packedElements = Math.toIntExact(Kernels.panelColumns(count) * rank);
        target.put(inPanels(column, 0), packed, 0, packedElements);
      }
    }
  }

  /** Puts row k of some panels, at their start in an array, where they have it. */
  private void toPanels(float[] row, int count, float[] packed, int k) {
    for (int column = 0; column < count; column += Kernels.PANEL_COLUMNS) {
      int width = Math.min(Kernels.PANEL_COLUMNS, count - column);
      int start = inPanels(column, k);
      System.arraycopy(row, column, packed, start, width);
      Arrays.fill(packed, start + width, start + Kernels.PANEL_COLUMNS, 0);
    }
  }

  /** The last panel's columns behind the matrix are zero, whatever the memory held before. */
  private void clearLastPanel() {
    if (columns % Kernels.PANEL_COLUMNS != 0) {
      FloatBuffer target = panels.asFloatBuffer();
      target.put(
          inPanels(columns - columns % Kernels.PANEL_COLUMNS, 0),
          new float[rank * Kernels.PANEL_COLUMNS]);
    }
  }

  private int inPanels(int column, int k) {
    int panel = column / Kernels.PANEL_COLUMNS;
    return (panel * rank + k) * Kernels.PANEL_COLUMNS + column % Kernels.PANEL_COLUMNS;
  }

  /** Adds elements of the product to as many of F32 or BF16 from the tile's position on. */
  void addTo(DType dtype, ByteBuffer tile, long firstElement, int elements) {
    kernels.addProduct(dtype, tile, firstElement, elements, columns, left, panels, rank);
  }

  @Override
  public long lengthBytes() {
    return leftMemory.lengthBytes() + panelMemory.lengthBytes();
  }

  @Override
  public void close() {
    pool.giveBack(leftMemory);
    pool.giveBack(panelMemory);
  }
}
