package dev.cairn.cli.options;

import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.safetensors.Sharding;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of every command that makes a model folder. */
public final class FolderOptions {
  @Option(
      names = "--dtype",
      defaultValue = "bf16",
      description =
          "What floating tensors are saved as: bf16, f16, f32, or keep (default:"
              + " ${DEFAULT-VALUE}).")
  private DTypeOption dtype;

  @Option(
      names = "--max-shard-size",
      defaultValue = "50GB",
      paramLabel = "SIZE",
      converter = SizeConverter.class,
      description = "Tensor bytes in one file at most (default: ${DEFAULT-VALUE}).")
  private long maxShardBytes;

  @Option(
      names = "--overwrite",
      description = "Replace the output if it is a folder: all that is in it is deleted.")
  private boolean isOverwriting;

  @Option(
      names = "--durable",
      description = "Force everything to the disk, so that the save outlives a power cut.")
  private boolean isDurable;

  @Option(
      names = "--direct",
      description =
          "As --durable, past the page cache where the file system can: it keeps what others have in"
              + " it.")
  private boolean isDirect;

  /** Reads {@code 50GB}. */
  static final class SizeConverter implements ITypeConverter<Long> {
    @Override
    public Long convert(String value) {
      try {
        return Sharding.parseSize(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  public DTypeOption dtype() {
    return dtype;
  }

  public long maxShardBytes() {
    return maxShardBytes;
  }

  public boolean isOverwriting() {
    return isOverwriting;
  }

  public Durability durability() {
    if (isDirect) {
      return Durability.DURABLE_DIRECT;
    }
    return isDurable ? Durability.DURABLE : Durability.FAST;
  }

  /**
   * Refuses a target that exists, before anything is read, unless it may be replaced.
   *
   * @param inputs what the command reads; null for what was not given
   */
  public void checkTarget(Path output, Path... inputs) throws IOException {
    new ExistingOutput(output).require(isOverwriting, inputs);
  }

  /** Returns the options of the save; staging is the command's to set. */
  public SaveOptions.Builder save() {
    SaveOptions.Builder builder =
        SaveOptions.builder()
            .durability(durability())
            .overwrite(isOverwriting)
            .maxShardBytes(maxShardBytes);
    return dtype.dtype() == null ? builder.keepDtypes() : builder.dtype(dtype.dtype());
  }
}
