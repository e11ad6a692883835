package dev.cairn.plan;

import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.Sharding;
import java.util.Map;

/**
 * What the files of one tensor set are called and how large they get.
 *
 * @param stem what the names begin with: {@code model} makes {@code model.safetensors} or {@code
 *     model-00001-of-00002.safetensors}
 * @param maxShardBytes limit of the tensor bytes in one file; a larger tensor gets its own
 * @param metadata what every file's {@code __metadata__} says
 */
public record FileNaming(String stem, long maxShardBytes, Map<String, String> metadata) {
  /** What the names of a model's files begin with. */
  public static final String MODEL_STEM = "model";

  private static final String STATE_STEM = "state/state";

  /**
   * {@return the naming of a Hugging Face model folder}
   *
   * @param maxShardBytes limit of the tensor bytes in one file, 1 or more
   */
  public static FileNaming model(long maxShardBytes) {
    return of(MODEL_STEM, maxShardBytes);
  }

  /**
   * {@return the naming of a folder whose files begin with another stem, such as an adapter's}
   *
   * @param stem without {@code .safetensors}
   * @param maxShardBytes limit of the tensor bytes in one file, 1 or more
   */
  public static FileNaming of(String stem, long maxShardBytes) {
    return new FileNaming(stem, maxShardBytes, Header.PYTORCH_METADATA);
  }

  /**
   * {@return the naming of the trainer's state beside the model: {@code state/state.safetensors},
   * without metadata}
   *
   * @param maxShardBytes limit of the tensor bytes in one file, 1 or more
   */
  public static FileNaming state(long maxShardBytes) {
    return new FileNaming(STATE_STEM, maxShardBytes, Map.of());
  }

  /**
   * {@return the path of one file, relative to the checkpoint's folder}
   *
   * @param index which of them, from 1
   * @param count of all files of the set; 1 has no number in its name
   */
  public String fileName(int index, int count) {
    return stem + Sharding.fileName(index, count).substring(MODEL_STEM.length());
  }

  /**
   * By hand, as all that a plan is compared by: a record's own takes a second save 5 ms to link.
   */
  @Override
  public boolean equals(Object other) {
    return other instanceof FileNaming that
        && maxShardBytes == that.maxShardBytes
        && stem.equals(that.stem)
        && metadata.equals(that.metadata);
  }

  @Override
  public int hashCode() {
    return stem.hashCode() * 31 + Long.hashCode(maxShardBytes);
  }
}
