package dev.cairn.safetensors;

import dev.cairn.input.Printable;
import dev.cairn.json.CodePointOrder;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.json.PrettyJson;
import dev.cairn.tensor.CorruptFileException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Which tensor is in which shard file: {@code model.safetensors.index.json}. Immutable.
 *
 * @param totalParameters how many elements the parameters have, if the index says so
 * @param totalBytes the length of all tensors' data, if the index says so
 * @param weightMap tensor name to file name relative to the index, in the file's order
 */
public record ShardIndex(
    OptionalLong totalParameters, OptionalLong totalBytes, Map<String, String> weightMap) {
  /** The name that loaders look for. */
  public static final String FILE_NAME = "model.safetensors.index.json";

  private static final String METADATA = "metadata";
  private static final String TOTAL_PARAMETERS = "total_parameters";
  private static final String TOTAL_SIZE = "total_size";
  private static final String WEIGHT_MAP = "weight_map";

  /**
   * Copies the map.
   *
   * @param totalParameters how many elements the parameters have
   * @param totalBytes the length of all tensors' data
   * @param weightMap tensor name to file name relative to the index
   */
  public ShardIndex {
    weightMap = Collections.unmodifiableMap(new LinkedHashMap<>(weightMap));
  }

  /**
   * {@return an index that says both totals}
   *
   * @param totalParameters how many elements the parameters have
   * @param totalBytes the length of all tensors' data
   * @param weightMap tensor name to file name relative to the index
   */
  public static ShardIndex of(
      long totalParameters, long totalBytes, Map<String, String> weightMap) {
    return new ShardIndex(OptionalLong.of(totalParameters), OptionalLong.of(totalBytes), weightMap);
  }

  /** {@return the file's bytes as transformers writes them: sorted, indented by 2, ASCII} */
  public byte[] encode() {
    List<Map.Entry<String, String>> sorted = new ArrayList<>(weightMap.entrySet());
    sorted.sort(Map.Entry.comparingByKey(CodePointOrder.INSTANCE));
    return PrettyJson.document(json -> write(json, sorted));
  }

  private void write(PrettyJson json, List<Map.Entry<String, String>> sorted) {
    json.beginObject();
    json.name(METADATA).beginObject();
    if (totalParameters.isPresent()) {
      json.name(TOTAL_PARAMETERS).number(totalParameters.getAsLong());
    }
    if (totalBytes.isPresent()) {
      json.name(TOTAL_SIZE).number(totalBytes.getAsLong());
    }
    json.endObject();
    json.name(WEIGHT_MAP).beginObject();
    for (Map.Entry<String, String> entry : sorted) {
      json.name(entry.getKey()).text(entry.getValue());
    }
    json.endObject();
    json.endObject();
  }

  /**
   * {@return the index that a file holds}
   *
   * @param bytes the whole file
   * @param where the file, for messages
   * @throws CorruptFileException if it is not an index, names a tensor twice or a file outside its
   *     folder
   */
  public static ShardIndex parse(byte[] bytes, String where) throws CorruptFileException {
    Map<String, Object> tree;
    try {
      tree = Json.parseObject(bytes);
    } catch (CorruptFileException e) {
      throw new CorruptFileException(
          "index is not valid JSON: " + e.getMessage() + ", file=" + where, e);
    }
    if (!(tree.get(WEIGHT_MAP) instanceof Map<?, ?> map)) {
      throw new CorruptFileException("index has no weight_map: file=" + where);
    }
    Map<String, String> weightMap = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      String file = entry.getValue() instanceof String text ? RelativePath.plain(text) : "";
      if (!RelativePath.isInside(file)) {
        throw new CorruptFileException(
            "index names a file outside its folder: tensor=%s, shard=%s, file=%s"
                .formatted(
                    Printable.of(String.valueOf(entry.getKey())),
                    Printable.of(String.valueOf(entry.getValue())),
                    where));
      }
      weightMap.put((String) entry.getKey(), file);
    }
    Map<?, ?> totals = tree.get(METADATA) instanceof Map<?, ?> object ? object : Map.of();
    return new ShardIndex(total(totals, TOTAL_PARAMETERS), total(totals, TOTAL_SIZE), weightMap);
  }

  /**
   * Older writers spelled the total as a float, so {@code 1024.0} is a total; what is none is not
   * said, as loaders do not read it.
   */
  private static OptionalLong total(Map<?, ?> totals, String key) {
    if (!(totals.get(key) instanceof JsonNumber number)) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(new BigDecimal(number.token()).longValueExact());
    } catch (ArithmeticException | NumberFormatException e) {
      return OptionalLong.empty();
    }
  }
}
