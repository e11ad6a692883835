package dev.cairn.content;

import dev.cairn.io.SourceRange;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.StoredTensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Flat tensors taken as one: a group's partitions of all ranks (ZeRO-1 and -2), or all flat groups
 * of one rank (ZeRO-3). Immutable; any thread.
 */
public final class FlatPieces {
  private final DType dtype;
  private final Path[] files;
  private final long[] fileOffsets;

  /** {@code starts[i]} is the first element of piece i; the last entry is the total. */
  private final long[] starts;

  private FlatPieces(DType dtype, Path[] files, long[] fileOffsets, long[] starts) {
    this.dtype = dtype;
    this.files = files;
    this.fileOffsets = fileOffsets;
    this.starts = starts;
  }

  /**
   * Joins flat tensors.
   *
   * @throws CorruptFileException if their dtypes differ or their lengths overflow
   */
  public static FlatPieces of(List<StoredTensor> pieces) throws CorruptFileException {
    Path[] files = new Path[pieces.size()];
    long[] fileOffsets = new long[pieces.size()];
    long[] starts = new long[pieces.size() + 1];
    DType dtype = pieces.isEmpty() ? DType.F32 : pieces.get(0).dtype();
    for (int i = 0; i < pieces.size(); i++) {
      StoredTensor piece = pieces.get(i);
      if (piece.dtype() != dtype) {
        throw new CorruptFileException(
            "masters have different dtypes: dtype="
                + piece.dtype()
                + ", expected "
                + dtype
                + ", file="
                + piece.file());
      }
      files[i] = piece.file();
      fileOffsets[i] = piece.fileOffset();
      try {
        starts[i + 1] = Math.addExact(starts[i], piece.elements());
      } catch (ArithmeticException e) {
        throw new CorruptFileException("element count overflows: file=" + piece.file(), e);
      }
    }
    return new FlatPieces(dtype, files, fileOffsets, starts);
  }

  public DType dtype() {
    return dtype;
  }

  public long elements() {
    return starts[starts.length - 1];
  }

  /** Visits flat elements [begin, end); element {@code begin} is the parameter's {@code first}. */
  void visit(long begin, long end, long first, SourceRange.Visitor visitor) throws IOException {
    int width = dtype.bits() / 8;
    int piece = Arrays.binarySearch(starts, begin);
    piece = piece < 0 ? -piece - 2 : piece;
    for (long at = begin; at < end; piece++) {
      long stop = Math.min(end, starts[piece + 1]);
      if (stop > at) {
        visitor.visit(
            new SourceRange(
                files[piece],
                fileOffsets[piece] + (at - starts[piece]) * width,
                width,
                dtype,
                first + (at - begin),
                first + (stop - begin)));
        at = stop;
      }
    }
  }
}
