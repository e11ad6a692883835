package dev.cairn.options;

import dev.cairn.safetensors.Sharding;
import dev.cairn.tensor.DType;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

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
 * @param form which tensors the files have, under which names
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
    FormOptions form) {
  private static final Set<DType> TARGETS = Set.of(DType.BF16, DType.F16, DType.F32);

  /**
   * Checks the options.
   *
   * @param dtype BF16, F16 or F32, or empty
   * @param mode not null
   * @param durability not null
   * @param overwrite replaces all that is in the folder; one that holds checkpoints is refused
   * @param maxShardBytes 1 or more
   * @param stagingBuffers 1 or more
   * @param stagingBufferBytes a multiple of 4096
   * @param deviceBytes 8192 or more
   * @param bucketBytes at least 64 for each rank
   * @param gatherAlgorithm not null
   * @param snapshotBudgetBytes 0 or more
   * @param form not null
   * @throws IllegalArgumentException if one is out of range
   */
  public SaveOptions {
    Objects.requireNonNull(mode, "mode");
    Objects.requireNonNull(durability, "durability");
    Objects.requireNonNull(gatherAlgorithm, "gatherAlgorithm");
    Objects.requireNonNull(form, "form");
    if (dtype.isPresent() && !TARGETS.contains(dtype.get())) {
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

  /**
   * {@return these options, replacing an existing target or not}
   *
   * @param value whether an existing target is replaced
   */
  public SaveOptions withOverwrite(boolean value) {
    return new Builder(this).overwrite(value).build();
  }

  /**
   * {@return these options for a folder of one file, whose dtype is chosen apart}
   *
   * @param otherDtype of the file; empty to keep what is held
   */
  public SaveOptions forSingleFile(Optional<DType> otherDtype) {
    Builder builder = new Builder(this);
    builder.dtype = otherDtype;
    return builder.maxShardBytes(Long.MAX_VALUE).build();
  }

  /** {@return the defaults: BF16, durable, no overwriting, shards of 50 GB, 32 MiB of staging} */
  public static SaveOptions defaults() {
    return builder().build();
  }

  /**
   * {@return these options with others about the form}
   *
   * @param value as {@link Builder#form} takes it
   */
  public SaveOptions withForm(FormOptions value) {
    return new Builder(this).form(value).build();
  }

  /** {@return a builder that starts from the defaults} */
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
    private FormOptions form = FormOptions.asPublished();

    private Builder() {}

    private Builder(SaveOptions options) {
      dtype = options.dtype;
      mode = options.mode;
      durability = options.durability;
      overwrite = options.overwrite;
      maxShardBytes = options.maxShardBytes;
      stagingBuffers = options.stagingBuffers;
      stagingBufferBytes = options.stagingBufferBytes;
      deviceBytes = options.deviceBytes;
      bucketBytes = options.bucketBytes;
      gatherAlgorithm = options.gatherAlgorithm;
      snapshotBudgetBytes = options.snapshotBudgetBytes;
      form = options.form;
    }

    /**
     * {@return this, casting floating parameters}
     *
     * @param saved BF16, which is the default, F16 or F32
     */
    public Builder dtype(DType saved) {
      this.dtype = Optional.of(saved);
      return this;
    }

    /** {@return this, saving every tensor in the dtype that it is held in} */
    public Builder keepDtypes() {
      this.dtype = Optional.empty();
      return this;
    }

    /**
     * {@return this, with another choice of the ranks that write}
     *
     * @param value {@link SaveMode#AUTO} by default
     */
    public Builder mode(SaveMode value) {
      this.mode = value;
      return this;
    }

    /**
     * {@return this, with another choice of what a finished save survives}
     *
     * @param value {@link Durability#DURABLE} by default
     */
    public Builder durability(Durability value) {
      this.durability = value;
      return this;
    }

    /**
     * {@return this, replacing an existing target or not}
     *
     * @param value false by default: an existing target is an error
     */
    public Builder overwrite(boolean value) {
      this.overwrite = value;
      return this;
    }

    /**
     * {@return this, with another limit of the tensor bytes in one file}
     *
     * @param value 1 or more; 50 GB by default
     */
    public Builder maxShardBytes(long value) {
      this.maxShardBytes = value;
      return this;
    }

    /**
     * {@return this, with another number of staging buffers on each rank, and of threads that use
     * them}
     *
     * @param count 1 or more; 4 by default
     */
    public Builder stagingBuffers(int count) {
      this.stagingBuffers = count;
      return this;
    }

    /**
     * {@return this, with staging buffers of another size}
     *
     * @param bufferBytes a multiple of 4096; 8 MiB by default
     */
    public Builder stagingBufferBytes(int bufferBytes) {
      this.stagingBufferBytes = bufferBytes;
      return this;
    }

    /**
     * {@return this, casting in another amount of GPU memory, taken at the first save and kept}
     *
     * @param value 8192 or more; 64 MiB by default
     */
    public Builder deviceBytes(long value) {
      this.deviceBytes = value;
      return this;
    }

    /**
     * {@return this, gathering another amount at once with NCCL, all ranks together}
     *
     * @param value twice of it is taken of a GPU, four times on rank 0; 256 MiB by default
     */
    public Builder bucketBytes(long value) {
      this.bucketBytes = value;
      return this;
    }

    /**
     * {@return this, gathering with NCCL in another way}
     *
     * @param value {@link GatherAlgorithm#ALL_GATHER} by default
     */
    public Builder gatherAlgorithm(GatherAlgorithm value) {
      this.gatherAlgorithm = value;
      return this;
    }

    /**
     * {@return this, with another limit of the memory that an asynchronous save copies into}
     *
     * @param value 0 or more; no limit by default: what is needed
     */
    public Builder snapshotBudgetBytes(long value) {
      this.snapshotBudgetBytes = value;
      return this;
    }

    /**
     * {@return this, with another choice of tensors and their names in the files}
     *
     * @param value {@link FormOptions#asPublished} by default
     */
    public Builder form(FormOptions value) {
      this.form = value;
      return this;
    }

    /**
     * {@return the options}
     *
     * @throws IllegalArgumentException if one is out of range
     */
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
          form);
    }
  }
}
