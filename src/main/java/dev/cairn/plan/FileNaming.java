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

  /** Returns the naming of a Hugging Face model folder. */
  public static FileNaming model(long maxShardBytes) {
    return of(MODEL_STEM, maxShardBytes);
  }

  /** Returns the naming of a folder whose files begin with another stem, such as an adapter's. */
  public static FileNaming of(String stem, long maxShardBytes) {
    return new FileNaming(stem, maxShardBytes, Header.PYTORCH_METADATA);
  }

  /** Returns the naming of the trainer's state beside the model. */
  public static FileNaming state(long maxShardBytes) {
    return new FileNaming(STATE_STEM, maxShardBytes, Map.of());
  }

  /** Returns the name of file {@code index}, counted from 1, of {@code count}. */
  public String fileName(int index, int count) {
    return stem + Sharding.fileName(index, count).substring(MODEL_STEM.length());
  }
}
