package dev.cairn.model;

import dev.cairn.layout.Layout;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.Objects;

/**
 * A named tensor of the model together with this rank's slice of it.
 *
 * @param name as it is to stand in the file
 * @param shape of the whole tensor, not of the slice
 * @param held dtype of the elements in memory
 * @param layout which elements which rank holds; the same on every rank
 * @param partition this rank's memory
 * @param isBuffer whether it keeps its dtype in every save
 */
public record Parameter(
    String name, Shape shape, DType held, Layout layout, Partition partition, boolean isBuffer) {
  /**
   * Refuses nulls.
   *
   * @param name not null
   * @param shape not null
   * @param held not null
   * @param layout not null
   * @param partition not null; its length is checked by the save
   * @param isBuffer false for what the save's {@code dtype} option may cast
   */
  public Parameter {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(shape, "shape");
    Objects.requireNonNull(held, "held");
    Objects.requireNonNull(layout, "layout");
    Objects.requireNonNull(partition, "partition");
  }

  /**
   * {@return a parameter: a save's {@code dtype} option casts it if it is a float of 16 bits or
   * more}
   *
   * @param name as a state dict has it; wrappers' prefixes are removed by {@link ParameterSet#of}
   * @param shape of the whole tensor, not of the slice
   * @param held dtype of the elements in memory
   * @param layout which elements which rank holds; the same on every rank
   * @param partition this rank's memory; borrowed until the save that uses it returns
   */
  public static Parameter of(
      String name, Shape shape, DType held, Layout layout, Partition partition) {
    return new Parameter(name, shape, held, layout, partition, false);
  }

  /**
   * {@return a parameter that ranks hold as DeepSpeed's ZeRO stage 3 does: flattened and cut into
   * equal parts}
   *
   * @param name as a state dict has it
   * @param shape of the whole tensor, not of the slice
   * @param held dtype of the elements in memory
   * @param partition this rank's part, with its padding or without; borrowed as in {@link #of}
   */
  public static Parameter zero3(String name, Shape shape, DType held, Partition partition) {
    return of(name, shape, held, Layout.zero3(), partition);
  }

  /**
   * {@return a persistent buffer, such as a running mean: its dtype is kept in every save}
   *
   * @param name as a state dict has it; wrappers' prefixes are removed by {@link ParameterSet#of}
   * @param shape of the whole tensor, not of the slice
   * @param held dtype of the elements in memory, and in the file
   * @param layout which elements which rank holds; the same on every rank
   * @param partition this rank's memory; borrowed until the save that uses it returns
   */
  public static Parameter buffer(
      String name, Shape shape, DType held, Layout layout, Partition partition) {
    return new Parameter(name, shape, held, layout, partition, true);
  }

  /** {@return this parameter, which a save leaves in F32, or F64, if it is held so} */
  public Parameter keepingF32() {
    return isBuffer || (held != DType.F32 && held != DType.F64)
        ? this
        : new Parameter(name, shape, held, layout, partition, true);
  }

  /**
   * {@return this parameter under another name}
   *
   * @param newName as files are to have it
   */
  public Parameter named(String newName) {
    return newName.equals(name)
        ? this
        : new Parameter(newName, shape, held, layout, partition, isBuffer);
  }

  /**
   * Checks that the partition is as long as shape, layout, dtype and rank say.
   *
   * @param rank whose partition it is
   * @param worldSize count of ranks
   * @throws IllegalArgumentException if it is not, for example ZeRO-3's placeholder of no elements
   */
  public void checkPartition(int rank, int worldSize) {
    long paddedElements = layout.paddedElements(shape, rank, worldSize);
    long lengthBytes = partition.lengthBytes();
    if (Math.max(paddedElements, shape.elements()) > Long.MAX_VALUE / held.bits() - 1) {
      throw new IllegalArgumentException(
          "tensor too large: tensor=%s, shape=%s, dtype=%s".formatted(name, shape, held));
    }
    long paddedBytes = (paddedElements * held.bits() + 7) / 8;
    long validBytes = validBytes(rank, worldSize);
    if (lengthBytes != paddedBytes && lengthBytes != validBytes) {
      throw new IllegalArgumentException(
          "partition length mismatch: tensor=%s, lengthBytes=%d, expected %s (shape=%s, dtype=%s,"
                  .formatted(name, lengthBytes, expected(paddedBytes, validBytes), shape, held)
              + " layout=%s, rank=%d of %d)".formatted(layout.describe(), rank, worldSize)
              + placeholderHint(lengthBytes));
    }
  }

  /**
   * {@return how many bytes of the partition are elements and not padding}
   *
   * @param rank whose partition it is
   * @param worldSize count of ranks
   */
  public long validBytes(int rank, int worldSize) {
    return (layout.validElements(shape, rank, worldSize) * held.bits() + 7) / 8;
  }

  private static String expected(long paddedBytes, long validBytes) {
    return paddedBytes == validBytes
        ? Long.toString(paddedBytes)
        : paddedBytes + " with padding or " + validBytes + " without";
  }

  private static String placeholderHint(long lengthBytes) {
    return lengthBytes == 0
        ? "; a ZeRO-3 placeholder of no elements? hand over the rank's partition (ds_tensor) instead"
        : "";
  }
}
