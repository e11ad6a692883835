package dev.cairn.safetensors;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * How tensors are split over shard files, as transformers 5 does it. Pure; any thread.
 *
 * @see <a
 *     href="https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/serialization/_base.py">huggingface_hub,
 *     split_state_dict_into_shards_factory</a>
 */
public final class Sharding {
  /** The largest shard when nothing else is asked for: 50 GB, decimal. */
  public static final long DEFAULT_MAX_SHARD_BYTES = 50_000_000_000L;

  private static final List<String> UNITS = List.of("KB", "MB", "GB", "TB");

  private Sharding() {}

  /**
   * Returns the tensors of each shard file, in file order. A tensor that is too large for any shard
   * gets its own at once; the one that is open then goes on after it.
   *
   * @param inParameterOrder the tensors in the caller's order
   * @param maxShardBytes the most data bytes of a shard, 1 or more
   * @return one list per shard file, none if there are no tensors
   * @throws IllegalArgumentException if {@code maxShardBytes} is not positive
   */
  public static List<List<TensorInfo>> split(
      List<TensorInfo> inParameterOrder, long maxShardBytes) {
    List<List<TensorInfo>> shards = new ArrayList<>();
    for (int[] indices : splitIndices(inParameterOrder, maxShardBytes)) {
      shards.add(IntStream.of(indices).mapToObj(inParameterOrder::get).toList());
    }
    return List.copyOf(shards);
  }

  /**
   * Returns the same as {@link #split}, for each tensor its index in the list.
   *
   * @param inParameterOrder the tensors in the caller's order
   * @param maxShardBytes the most data bytes of a shard, 1 or more
   * @return one array per shard file, none if there are no tensors; they belong to the caller
   * @throws IllegalArgumentException if {@code maxShardBytes} is not positive
   */
  public static List<int[]> splitIndices(List<TensorInfo> inParameterOrder, long maxShardBytes) {
    if (maxShardBytes < 1) {
      throw outOfRange(Long.toString(maxShardBytes));
    }
    List<int[]> shards = new ArrayList<>();
    int[] open = new int[inParameterOrder.size()];
    int openCount = 0;
    long openBytes = 0;
    for (int index = 0; index < inParameterOrder.size(); index++) {
      long lengthBytes = inParameterOrder.get(index).lengthBytes();
      if (lengthBytes > maxShardBytes) {
        shards.add(new int[] {index});
        continue;
      }
      if (lengthBytes > maxShardBytes - openBytes) {
        shards.add(Arrays.copyOf(open, openCount));
        openCount = 0;
        openBytes = 0;
      }
      open[openCount++] = index;
      openBytes += lengthBytes; // at most maxShardBytes: checked just above
    }
    if (openCount > 0) {
      shards.add(Arrays.copyOf(open, openCount));
    }
    return shards;
  }

  /**
   * {@return the name of a shard file: {@code model.safetensors} if it is the only one, otherwise
   * {@code model-00001-of-00002.safetensors} and so on}
   *
   * @param index which shard, from 1
   * @param count how many there are
   * @throws IllegalArgumentException if {@code index} is outside [1, count]
   */
  public static String fileName(int index, int count) {
    if (index < 1 || index > count) {
      throw new IllegalArgumentException(
          "no such shard: index=" + index + ", expected 1 to " + count);
    }
    return count == 1
        ? "model.safetensors"
        : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", index, count);
  }

  /**
   * {@return the bytes that {@code 50GB}, {@code 1.5MB} or {@code 4096} mean; units are decimal}
   *
   * @param text a number, and KB, MB, GB or TB in either case, or no unit for bytes
   * @throws IllegalArgumentException if it is none of that, or less than one byte
   */
  public static long parseSize(String text) {
    String number = text.strip();
    long unitBytes = 1;
    for (int i = 0; i < UNITS.size(); i++) {
      if (number.toUpperCase(Locale.ROOT).endsWith(UNITS.get(i))) {
        number = number.substring(0, number.length() - 2).strip();
        unitBytes = Math.round(Math.pow(1000, i + 1));
        break;
      }
    }
    if (!number.matches(unitBytes == 1 ? "[0-9]{1,18}" : "[0-9]{1,18}(\\.[0-9]{1,18})?")) {
      throw new IllegalArgumentException(
          "not a size: value=" + text + ", expected for example 50GB, 500MB or plain bytes");
    }
    // Through a double, with a fraction or not, because the reference does so.
    long sizeBytes =
        unitBytes == 1
            ? Long.parseLong(number)
            : (long) (Double.parseDouble(number) * (double) unitBytes);
    if (sizeBytes < 1 || sizeBytes == Long.MAX_VALUE) {
      throw outOfRange(text);
    }
    return sizeBytes;
  }

  private static IllegalArgumentException outOfRange(String text) {
    return new IllegalArgumentException(
        "shard size out of range: value=" + text + ", expected at least 1 byte, below 2^63");
  }
}
