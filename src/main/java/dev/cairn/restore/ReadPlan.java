package dev.cairn.restore;

import dev.cairn.hf.TiedNames;
import dev.cairn.layout.ElementRange;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.safetensors.Manifest.TensorRecord;
import dev.cairn.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What one rank wants of a checkpoint, in the order in which it gets it. One thread at a time. */
final class ReadPlan {
  private final int rank;
  private final int worldSize;
  private final int bufferBytes;
  private final List<Parameter> targets = new ArrayList<>();
  private final List<ReadRange> ranges = new ArrayList<>();

  /**
   * Begins a plan.
   *
   * @param bufferBytes size of a staging buffer
   */
  ReadPlan(int rank, int worldSize, int bufferBytes) {
    this.rank = rank;
    this.worldSize = worldSize;
    this.bufferBytes = bufferBytes;
  }

  /** A run of elements of one tensor that fits a staging buffer, and where it goes. */
  record ReadRange(
      TensorRecord source, Parameter target, long elementOffset, long elements, long heldOffset) {
    /** Returns the first byte of the tensor that is read. */
    long byteOffset() {
      return source.dtype().bytes(elementOffset);
    }

    /** Returns how many bytes are read. */
    int lengthBytes() {
      return Math.toIntExact(source.dtype().bytes(elements));
    }
  }

  /** Returns the parameters whose partitions are written. */
  List<Parameter> targets() {
    return targets;
  }

  List<ReadRange> ranges() {
    return ranges;
  }

  /**
   * Adds these parameters' partitions.
   *
   * @throws IllegalArgumentException if one is not in the checkpoint, or has another shape, or a
   *     dtype that its elements cannot be cast to
   */
  void add(ParameterSet parameters, Map<String, TensorRecord> saved) {
    for (Parameter parameter : parameters.parameters()) {
      parameter.checkPartition(rank, worldSize);
      TensorRecord source = find(parameter, parameters, saved);
      check(parameter, source);
      targets.add(parameter);
      long heldOffset = 0;
      for (ElementRange range : parameter.layout().ranges(parameter.shape(), rank, worldSize)) {
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
    boolean castable =
        parameter.held().isCastable()
            && source.dtype().isCastable()
            && parameter.held() != DType.F64; // kernels cast to nothing wider than F32
    if (parameter.held() != source.dtype() && !castable) {
      throw new IllegalArgumentException(
          "dtype differs from the checkpoint's: tensor=%s, dtype=%s, saved %s"
              .formatted(parameter.name(), parameter.held(), source.dtype()));
    }
  }

  private void cut(TensorRecord source, Parameter target, ElementRange range, long heldOffset) {
    DType saved = source.dtype();
    long most = (long) bufferBytes * 8 / Math.max(saved.bits(), 8);
    for (long begin = range.begin(); begin < range.end(); begin += most) {
      long elements = Math.min(most, range.end() - begin);
      ranges.add(
          new ReadRange(source, target, begin, elements, heldOffset + begin - range.begin()));
    }
  }
}
