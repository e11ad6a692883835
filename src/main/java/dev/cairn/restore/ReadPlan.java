package dev.cairn.restore;

import dev.cairn.hf.TiedNames;
import dev.cairn.layout.StridedRange;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.safetensors.Manifest.TensorRecord;
import dev.cairn.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What one rank wants of a checkpoint, in the order in which it gets it. One thread at a time. */
final class ReadPlan {
  /** From here on it is faster to read runs than what is between them. */
  private static final long SHORT_RUN_BYTES = 64 << 10;

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

  /**
   * Elements of one tensor that fit a staging buffer together with what is between them, and where
   * they go.
   */
  record ReadRange(TensorRecord source, Parameter target, StridedRange run, long heldOffset) {
    /** Returns the first byte of the tensor that is read. */
    long byteOffset() {
      return source.dtype().bytes(run.begin());
    }

    /** Returns how many elements there are. */
    long elements() {
      return run.elements();
    }

    /** Returns how many bytes are read, those between the elements included. */
    int lengthBytes() {
      return Math.toIntExact(source.dtype().bytes(run.end() - run.begin()));
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
      for (StridedRange run : parameter.layout().runs(parameter.shape(), rank, worldSize)) {
        cut(source, parameter, run, heldOffset);
        heldOffset += run.elements();
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

  /** Short runs are read together with what is between them, long ones one by one. */
  private void cut(TensorRecord source, Parameter target, StridedRange run, long heldOffset) {
    long most = (long) bufferBytes * 8 / Math.max(source.dtype().bits(), 8);
    boolean isShort = source.dtype().bits() * run.runElements() < 8 * SHORT_RUN_BYTES;
    long rows = run.isStrided() && isShort ? most / run.strideElements() : 0;
    long elements;
    for (long first = 0; first < run.elements(); first += elements) {
      long inRun = Math.min(most, run.runElements() - first % run.runElements());
      elements = Math.min(run.elements() - first, rows > 0 ? rows * run.runElements() : inRun);
      for (StridedRange part : run.part(first, first + elements)) {
        ranges.add(new ReadRange(source, target, part, heldOffset + first));
      }
    }
  }
}
