package dev.cairn;

import dev.cairn.safetensors.Sharding;
import dev.cairn.tensor.DType;
import java.util.Objects;
import java.util.Optional;

/**
 * How to save. The same on every rank.
 *
 * @param dtype what floating parameters of 16 bits and more are cast to; empty keeps each as held
 * @param mode which ranks write
 * @param durability what a finished save survives
 * @param overwrite whether an existing target is replaced; otherwise it is an error
 * @param maxShardBytes limit of the tensor bytes in one file
 * @param stagingBuffers how many staging buffers each rank allocates
 * @param stagingBufferBytes size of each, a multiple of 4096
 * @param deviceBytes how much memory of its GPU a rank takes, if it has partitions there
 * @param bucketBytes how much all ranks together gather at once with NCCL
 * @param gatherAlgorithm how they do
 * @param snapshotBudgetBytes how much host memory an asynchronous save may copy into
 * @param rawNames whether weights that transformers would split are saved as they are; otherwise
 *     they are an error
 */
public record SaveOptions(
    Optional<DType> dtype,
    SaveMode mode,
    Durability durability,
    boolean overwrite,
    long maxShardBytes,
    int stagingBuffers,
    int stagingBufferBytes,
    long deviceBytes,
    long bucketBytes,
    GatherAlgorithm gatherAlgorithm,
    long snapshotBudgetBytes,
    boolean rawNames) {
  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException if one is out of range
   */
  public SaveOptions {
    Objects.requireNonNull(mode, "mode");
    Objects.requireNonNull(durability, "durability");
    Objects.requireNonNull(gatherAlgorithm, "gatherAlgorithm");
    if (dtype.isPresent() && !isTarget(dtype.get())) {
      throw new IllegalArgumentException(
          "cannot cast to " + dtype.get() + ": expected BF16, F16 or F32, or keep");
    }
    if (maxShardBytes < 1) {
      throw new IllegalArgumentException(
          "shard limit too small: maxShardBytes=" + maxShardBytes + ", expected at least 1");
    }
    if (stagingBuffers < 1 || stagingBufferBytes < 4096 || stagingBufferBytes % 4096 != 0) {
      throw new IllegalArgumentException(
          "bad staging: stagingBuffers=%d, expected at least 1, stagingBufferBytes=%d, expected a multiple of 4096"
              .formatted(stagingBuffers, stagingBufferBytes));
    }
    if (deviceBytes < 8192) {
      throw new IllegalArgumentException(
          "too little device memory: deviceBytes=" + deviceBytes + ", expected at least 8192");
    }
  }

  /** Returns these options, replacing an existing target or not. */
  SaveOptions withOverwrite(boolean value) {
    return new SaveOptions(
        dtype,
        mode,
        durability,
        value,
        maxShardBytes,
        stagingBuffers,
        stagingBufferBytes,
        deviceBytes,
        bucketBytes,
        gatherAlgorithm,
        snapshotBudgetBytes,
        rawNames);
  }

  /** Returns these options for a folder of one file, whose dtype is chosen apart. */
  SaveOptions forSingleFile(Optional<DType> otherDtype) {
    return new SaveOptions(
        otherDtype,
        mode,
        durability,
        overwrite,
        Long.MAX_VALUE,
        stagingBuffers,
        stagingBufferBytes,
        deviceBytes,
        bucketBytes,
        gatherAlgorithm,
        snapshotBudgetBytes,
        rawNames);
  }

  private static boolean isTarget(DType dtype) {
    return dtype == DType.BF16 || dtype == DType.F16 || dtype == DType.F32;
  }

  /**
   * Returns the defaults: BF16, {@link SaveMode#AUTO}, {@link Durability#DURABLE}, no overwriting,
   * shards of 50 GB, four staging buffers of 8 MiB.
   */
  public static SaveOptions defaults() {
    return builder().build();
  }

  /** Returns a builder that starts from the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Sets options one by one. Not thread-safe. */
  public static final class Builder {
    private Optional<DType> dtype = Optional.of(DType.BF16);
    private SaveMode mode = SaveMode.AUTO;
    private Durability durability = Durability.DURABLE;
    private boolean overwrite;
    private long maxShardBytes = Sharding.DEFAULT_MAX_SHARD_BYTES;
    private int stagingBuffers = 4;
    private int stagingBufferBytes = 8 << 20;
    private long deviceBytes = 64L << 20;
    private long bucketBytes = 256L << 20;
    private GatherAlgorithm gatherAlgorithm = GatherAlgorithm.ALL_GATHER;
    private long snapshotBudgetBytes = Long.MAX_VALUE;
    private boolean rawNames;

    private Builder() {}

    /** Casts floating parameters to BF16, F16 or F32. */
    public Builder dtype(DType saved) {
      this.dtype = Optional.of(saved);
      return this;
    }

    /** Saves every tensor in the dtype that it is held in. */
    public Builder keepDtypes() {
      this.dtype = Optional.empty();
      return this;
    }

    /** Sets which ranks write. */
    public Builder mode(SaveMode value) {
      this.mode = value;
      return this;
    }

    /** Sets what a finished save survives. */
    public Builder durability(Durability value) {
      this.durability = value;
      return this;
    }

    /** Sets whether an existing target is replaced. */
    public Builder overwrite(boolean value) {
      this.overwrite = value;
      return this;
    }

    /** Sets the limit of the tensor bytes in one file. */
    public Builder maxShardBytes(long value) {
      this.maxShardBytes = value;
      return this;
    }

    /** Sets how many staging buffers each rank allocates. */
    public Builder stagingBuffers(int count) {
      this.stagingBuffers = count;
      return this;
    }

    /** Sets the size of a staging buffer, a multiple of 4096. */
    public Builder stagingBufferBytes(int bufferBytes) {
      this.stagingBufferBytes = bufferBytes;
      return this;
    }

    /**
     * Sets how much memory of its GPU a rank takes to cast in, if it has partitions there; 64 MiB
     * by default. It is allocated at the first save from the GPU and kept.
     */
    public Builder deviceBytes(long value) {
      this.deviceBytes = value;
      return this;
    }

    /**
     * Sets how much all ranks together gather at once with NCCL; 256 MiB by default. Each rank
     * takes twice that of its GPU's memory, rank 0 four times.
     */
    public Builder bucketBytes(long value) {
      this.bucketBytes = value;
      return this;
    }

    /** Sets how ranks gather with NCCL. */
    public Builder gatherAlgorithm(GatherAlgorithm value) {
      this.gatherAlgorithm = value;
      return this;
    }

    /** Sets how much host memory an asynchronous save may copy into; what is needed by default. */
    public Builder snapshotBudgetBytes(long value) {
      this.snapshotBudgetBytes = value;
      return this;
    }

    /**
     * Sets whether weights that are fused in memory, but published split (the experts of Mixtral,
     * Qwen-MoE and others), are saved under the names they have in memory. Otherwise saving them is
     * an error.
     */
    public Builder rawNames(boolean value) {
      this.rawNames = value;
      return this;
    }

    /** Returns the options. */
    public SaveOptions build() {
      return new SaveOptions(
          dtype,
          mode,
          durability,
          overwrite,
          maxShardBytes,
          stagingBuffers,
          stagingBufferBytes,
          deviceBytes,
          bucketBytes,
          gatherAlgorithm,
          snapshotBudgetBytes,
          rawNames);
    }
  }
}
