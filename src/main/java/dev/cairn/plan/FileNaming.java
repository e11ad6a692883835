package dev.cairn.plan;

import dev.cairn.safetensors.Sharding;
import java.util.Map;

/**
 * What the files of one tensor set are called and how large they get.
 *
 * @param single name when one file is enough, for example {@code model.safetensors}
 * @param numbered pattern when it is not, with two numbers: index from 1, and count
 * @param maxShardBytes limit of the tensor bytes in one file; a larger tensor gets its own
 * @param metadata what every file's {@code __metadata__} says
 */
public record FileNaming(
    String single, String numbered, long maxShardBytes, Map<String, String> metadata) {
  /** transformers' default: shards of 50 decimal gigabytes. */
  public static final long DEFAULT_MAX_SHARD_BYTES = 50_000_000_000L;

  /** Returns the naming of a Hugging Face model folder. */
  public static FileNaming model(long maxShardBytes) {
    return new FileNaming(
        Sharding.SINGLE_FILE, Sharding.NUMBERED_FILE, maxShardBytes, Map.of("format", "pt"));
  }

  /** Returns the name of file {@code index}, counted from 1, of {@code count}. */
  public String fileName(int index, int count) {
    return count == 1 ? single : numbered.formatted(index, count);
  }
}
