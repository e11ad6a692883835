package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the low-rank product of every implementation of the kernels gives. */
abstract class ProductContract {
  abstract Kernels kernels();

  @ParameterizedTest
  @CsvSource({"1,1,1,0,1", "5,32,3,0,160", "11,33,4,7,300", "23,70,5,69,1000", "2,129,64,130,128"})
  void productIsAddedToTheTile(int rows, int columns, int rank, int first, int elements) {
    int panelColumns = Math.toIntExact(Kernels.panelColumns(columns));
    ByteBuffer left = Casts.direct(4 * rows * rank, 0).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer panels = Casts.direct(4 * panelColumns * rank, 0).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer tile = Casts.direct(4 * elements, 0).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < rows * rank; i++) {
      left.putFloat(4 * i, eighths(i));
    }
    for (int i = 0; i < columns * rank; i++) {
      int column = i % columns;
      int panel = column / Kernels.PANEL_COLUMNS * rank + i / columns;
      panels.putFloat(
          4 * (panel * Kernels.PANEL_COLUMNS + column % Kernels.PANEL_COLUMNS), eighths(i));
    }
    for (int i = 0; i < elements; i++) {
      tile.putFloat(4 * i, eighths(5 * i));
    }
    kernels().addProduct(DType.F32, tile, first, elements, columns, left, panels, rank);
    for (int i = 0; i < elements; i++) {
      float sum = eighths(5 * i);
      for (int k = 0; k < rank; k++) {
        sum +=
            eighths((first + i) / columns * rank + k)
                * eighths(k * columns + (first + i) % columns);
      }
      assertEquals(sum, tile.getFloat(4 * i), "element " + i);
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1,1,0,1", "5,32,3,0,160", "11,33,4,7,300", "23,70,5,69,1000", "2,129,64,130,128"})
  void productAddedToBf16IsRoundedOnce(int rows, int columns, int rank, int first, int elements) {
    int panelColumns = Math.toIntExact(Kernels.panelColumns(columns));
    ByteBuffer left = Casts.numbers(DType.F32, rows * rank, 0, 1);
    ByteBuffer panels = Casts.numbers(DType.F32, panelColumns * rank, 0, 2);
    ByteBuffer tile = Casts.numbers(DType.BF16, elements, 0, 3);
    ByteBuffer wide = Casts.direct(4 * elements, 0);
    ByteBuffer expected = Casts.direct(2 * elements, 0);
    kernels().cast(DType.BF16, tile, DType.F32, wide, elements);
    kernels().addProduct(DType.F32, wide, first, elements, columns, left, panels, rank);
    kernels().cast(DType.F32, wide, DType.BF16, expected, elements);
    kernels().addProduct(DType.BF16, tile, first, elements, columns, left, panels, rank);
    for (int i = 0; i < elements; i++) {
      assertEquals(expected.getShort(2 * i), tile.getShort(2 * i), "element " + i);
    }
  }

  @Test
  void productIsAddedToNoOtherDtype() {
    ByteBuffer one = Casts.direct(4, 0);
    ByteBuffer panel = Casts.direct(4 * Kernels.PANEL_COLUMNS, 0);
    assertThrows(
        IllegalArgumentException.class,
        () -> kernels().addProduct(DType.F16, one, 0, 1, 1, one, panel, 1));
  }

  /** Small multiples of 1/8: sums of their products are exact in any order. */
  private static float eighths(int index) {
    return (index % 13 - 6) / 8f;
  }

  @Test
  void productThatReachesBeyondABufferIsRefused() {
    ByteBuffer one = Casts.direct(4, 0);
    ByteBuffer panel = Casts.direct(4 * Kernels.PANEL_COLUMNS, 0);
    assertThrows(
        IllegalArgumentException.class,
        () -> kernels().addProduct(DType.F32, one, 0, 2, 1, Casts.direct(8, 0), panel, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> kernels().addProduct(DType.F32, one, 1, 1, 1, one, panel, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> kernels().addProduct(DType.F32, one, 0, 1, 1, one, one, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> kernels().addProduct(DType.F32, one, 0, 1, 0, one, panel, 1));
  }
}
