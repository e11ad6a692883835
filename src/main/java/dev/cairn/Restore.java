package dev.cairn;

import dev.cairn.hf.TiedNames;
import dev.cairn.layout.ElementRange;
import dev.cairn.pipeline.Crew;
import dev.cairn.safetensors.Manifest.TensorRecord;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads this rank's byte ranges of a checkpoint into its partitions, whatever ranks wrote it. */
final class Restore {
  private final SaveTools tools;
  private final CheckpointReader reader;
  private final List<Piece> pieces = new ArrayList<>();

  Restore(SaveTools tools, CheckpointReader reader) {
    this.tools = tools;
    this.reader = reader;
  }

  /** Fills model and state from a checkpoint, or fails on every rank. Collective. */
  static Void together(
      SaveTools tools, Path folder, Optional<ParameterSet> model, TrainerState state)
      throws IOException {
    tools
        .ranks()
        .together(
            () -> {
              try (CheckpointReader reader = new CheckpointReader(folder)) {
                Restore restore = new Restore(tools, reader);
                if (model.isPresent()) {
                  restore.add(model.get(), reader.model());
                }
                if (state.tensors().isPresent()) {
                  restore.add(state.tensors().get(), reader.state());
                }
                restore.run();
              }
              return new byte[0];
            });
    return null;
  }

  /** A run of elements of one tensor that fits a staging buffer, and where it goes. */
  private record Piece(
      TensorRecord source, Parameter target, long elementOffset, long elements, long heldOffset) {}

  /**
   * Plans to fill these parameters' partitions.
   *
   * @throws IllegalArgumentException if one is not in the checkpoint, or has another shape, or a
   *     dtype that its elements cannot be cast to
   */
  void add(ParameterSet parameters, Map<String, TensorRecord> saved) {
    for (Parameter parameter : parameters.parameters()) {
      parameter.checkPartition(tools.ranks().rank(), tools.ranks().size());
      parameter.checkInHostMemory();
      TensorRecord source = find(parameter, parameters, saved);
      check(parameter, source);
      long heldOffset = 0;
      for (ElementRange range :
          parameter
              .layout()
              .ranges(parameter.shape(), tools.ranks().rank(), tools.ranks().size())) {
        cut(source, parameter, range, heldOffset);
        heldOffset += range.elements();
      }
    }
  }

  /** Finds a parameter, or the canonical one that it is tied to and under which it was saved. */
  private static TensorRecord find(
      Parameter parameter, ParameterSet parameters, Map<String, TensorRecord> saved) {
    TensorRecord own = saved.get(parameter.name());
    if (own != null) {
      return own;
    }
    String canonical = parameters.tied().get(parameter.name());
    if (canonical == null) {
      canonical =
          TiedNames.find(saved.keySet())
              .filter(names -> names.alias().equals(parameter.name()))
              .map(TiedNames::canonical)
              .orElse(null);
    }
    if (canonical == null || !saved.containsKey(canonical)) {
      throw new IllegalArgumentException(
          "tensor is not in the checkpoint: tensor=" + parameter.name());
    }
    return saved.get(canonical);
  }

  private static void check(Parameter parameter, TensorRecord source) {
    if (!parameter.shape().equals(source.shape())) {
      throw new IllegalArgumentException(
          "shape differs from the checkpoint's: tensor=%s, shape=%s, saved %s"
              .formatted(parameter.name(), parameter.shape(), source.shape()));
    }
    boolean castable = parameter.held().isCastable() && source.dtype().isCastable();
    if (parameter.held() != source.dtype() && !castable) {
      throw new IllegalArgumentException(
          "dtype differs from the checkpoint's: tensor=%s, dtype=%s, saved %s"
              .formatted(parameter.name(), parameter.held(), source.dtype()));
    }
  }

  private void cut(TensorRecord source, Parameter target, ElementRange range, long heldOffset) {
    DType saved = source.dtype();
    long most = (long) tools.staging().bufferBytes() * 8 / Math.max(saved.bits(), 8);
    for (long begin = range.begin(); begin < range.end(); begin += most) {
      long elements = Math.min(most, range.end() - begin);
      pieces.add(new Piece(source, target, begin, elements, heldOffset + begin - range.begin()));
    }
  }

  /** Reads all pieces, several at a time. */
  void run() throws IOException {
    Iterator<Piece> next = pieces.iterator();
    Crew.run(
        tools.staging(),
        "cairn-restore",
        buffer -> {
          for (Piece piece = take(next); piece != null; piece = take(next)) {
            fill(piece, buffer);
            tools.ranks().communicator().control().progressed();
          }
        });
  }

  private static Piece take(Iterator<Piece> next) {
    synchronized (next) {
      return next.hasNext() ? next.next() : null;
    }
  }

  private void fill(Piece piece, ByteBuffer staging) throws IOException {
    DType saved = piece.source().dtype();
    DType held = piece.target().held();
    long byteOffset = saved.bytes(piece.elementOffset());
    ByteBuffer place =
        piece
            .target()
            .partition()
            .view(held.bytes(piece.heldOffset()), Math.toIntExact(held.bytes(piece.elements())));
    if (saved == held) {
      reader.read(piece.source(), byteOffset, place);
      return;
    }
    staging.clear().limit(Math.toIntExact(saved.bytes(piece.elements())));
    reader.read(piece.source(), byteOffset, staging);
    staging.flip();
    tools.kernels().cast(saved, staging, held, place, Math.toIntExact(piece.elements()), 0);
  }
}
