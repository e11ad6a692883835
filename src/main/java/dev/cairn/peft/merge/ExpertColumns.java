package dev.cairn.peft.merge;

import dev.cairn.device.HostMemory;
import dev.cairn.peft.stored.FloatTensor;
import dev.cairn.peft.stored.MergeMemory;
import dev.cairn.peft.stored.StoredWeight;
import dev.cairn.peft.stored.Turns;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.FloatBuffer;

/** A matrix of which every expert has columns of its own, with each one's next to each other. */
final class ExpertColumns implements Turns.Sized {
  private final MergeMemory pool;
  private final HostMemory memory;
  private final FloatBuffer floats; // experts x rows x columns of one
  private final int expertElements;

  /**
   * Reads a matrix.
   *
   * @param experts of which each has as many columns, every expert's first ones first
   */
  ExpertColumns(StoredWeight matrix, int experts, AdapterMatrices matrices) throws IOException {
    int rows = Math.toIntExact(matrix.shape().dimension(0));
    int columns = Math.toIntExact(matrix.shape().dimension(1));
    int rank = columns / experts;
    this.pool = matrices.pool();
    this.expertElements = rows * rank;
    int lengthBytes = Math.toIntExact(DType.F32.bytes((long) rows * columns));
    this.memory = pool.take(lengthBytes);
    this.floats = memory.view(0, lengthBytes).asFloatBuffer();
    float[] row = new float[columns];
    float[] own = new float[rank];
    int stepRows = Math.max(1, FloatTensor.STEP_ELEMENTS / columns);
    try {
      for (int first = 0; first < rows; first += stepRows) {
        int count = Math.min(stepRows, rows - first);
        try (FloatTensor step =
            matrices.read(matrix, (long) first * columns, (long) count * columns)) {
          for (int i = 0; i < count; i++) {
            step.get((long) i * columns, row, columns);
            for (int expert = 0; expert < experts; expert++) {
              for (int k = 0; k < rank; k++) {
                own[k] = row[k * experts + expert];
              }
              floats.put(expert * expertElements + (first + i) * rank, own);
            }
          }
        }
      }
    } catch (IOException | RuntimeException | Error e) {
      pool.giveBack(memory);
      throw e;
    }
  }

  /** Returns one expert's matrix. */
  FloatTensor copy(int expert) {
    return FloatTensor.copy(floats.slice(expert * expertElements, expertElements), pool);
  }

  @Override
  public long lengthBytes() {
    return memory.lengthBytes();
  }

  @Override
  public void close() {
    pool.giveBack(memory);
  }
}
