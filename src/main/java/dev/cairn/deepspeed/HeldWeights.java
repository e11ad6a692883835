package dev.cairn.deepspeed;

import dev.cairn.content.Content;
import dev.cairn.kernels.Kernels;
import dev.cairn.model.PartitionReader;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.SourceReader;
import dev.cairn.torchfile.TorchFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Compares the 16-bit weights that the live engine held with its F32 masters: a sample of every
 * trained tensor, {@link #PIECE} elements at its start, in its middle and at its end. The two are
 * equal after the cast unless their files are of two saves, or the optimizer changed its masters
 * behind the model's back; or a file is damaged.
 */
final class HeldWeights implements AutoCloseable {
  /** Elements of each piece of the sample. */
  static final int PIECE = 512;

  private final SourceReader reader = SourceReader.unchecked();
  private final Kernels kernels;
  private final ByteBuffer masters = ByteBuffer.allocateDirect(PIECE * Double.BYTES);
  private final ByteBuffer cast = ByteBuffer.allocateDirect(PIECE * Double.BYTES);
  private final ByteBuffer held = ByteBuffer.allocateDirect(PIECE * Double.BYTES);
  private long compared;

  HeldWeights(Kernels kernels) {
    this.kernels = kernels;
  }

  /** Returns how many elements were compared so far. */
  long compared() {
    return compared;
  }

  /** Returns whether the sample of one parameter is the same in both. */
  boolean agree(CheckpointParameter parameter) throws IOException {
    long elements = parameter.shape().elements();
    long last = Math.max(0, elements - PIECE);
    return agree(parameter, 0) && agree(parameter, last / 2) && agree(parameter, last);
  }

  private boolean agree(CheckpointParameter parameter, long first) throws IOException {
    int count = (int) Math.min(PIECE, parameter.shape().elements() - first);
    DType dtype = parameter.heldDType();
    read(parameter.reader(reader), parameter.storedDType(), first, count, masters);
    read(parameter.held().reader(reader), dtype, first, count, held);
    cast.clear();
    kernels.cast(parameter.storedDType(), masters, dtype, cast, count, 0);
    compared += count;
    return cast.limit(held.limit()).equals(held);
  }

  /**
   * Looks for damage where two that should be equal are not, by all checksums of a tensor's files.
   *
   * @throws CorruptFileException naming the file that is damaged
   */
  static void verify(Content content, long elements) throws IOException {
    Set<Path> files = new LinkedHashSet<>();
    content.visit(0, elements, range -> files.add(range.file()));
    for (Path file : files) {
      TorchFile.verify(file);
    }
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }

  private static void read(
      PartitionReader source, DType dtype, long first, int count, ByteBuffer target)
      throws IOException {
    target.clear().limit(Math.toIntExact(dtype.bytes(count)));
    source.read(dtype.bytes(first), target);
    target.flip();
  }
}
