package dev.cairn.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.json.Golden;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShardingTest {
  @Test
  void splitIsGreedyInParameterOrder() {
    assertEquals(List.of(List.of(6), List.of(6, 2), List.of(6, 2, 2)), split(10, 6, 6, 2, 6, 2, 2));
  }

  @Test
  void oversizeTensorIsNumberedAtOnceAndTheOpenShardGoesOn() {
    assertEquals(List.of(List.of(11), List.of(4, 5)), split(10, 4, 11, 5));
  }

  @Test
  void tensorAsLargeAsAShardIsNotOversize() {
    assertEquals(List.of(List.of(1), List.of(10), List.of(1)), split(10, 1, 10, 1));
  }

  @Test
  void emptyTensorsStayInTheOpenShard() {
    assertEquals(List.of(List.of(0, 10, 0), List.of(1)), split(10, 0, 10, 0, 1));
  }

  @Test
  void noTensorsMakeNoShard() {
    assertEquals(List.of(), split(10));
  }

  @Test
  void shardWithoutALimitTakesEverything() {
    assertEquals(List.of(List.of(1, 2, 3)), split(Long.MAX_VALUE, 1, 2, 3));
  }

  @Test
  void shardOfNothingIsRefused() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> split(0, 1));
    assertEquals(
        "shard size out of range: value=0, expected at least 1 byte, below 2^63", e.getMessage());
  }

  @Property
  void everyTensorIsInOneShardThatHoldsNoMoreThanItMay(
      @ForAll @Size(max = 40) List<@IntRange(max = 30) Integer> sizes,
      @ForAll @IntRange(min = 1, max = 40) int maxShardBytes) {
    List<List<TensorInfo>> shards = Sharding.split(infos(sizes), maxShardBytes);
    List<String> names = new ArrayList<>();
    for (List<TensorInfo> shard : shards) {
      long shardBytes = shard.stream().mapToLong(TensorInfo::lengthBytes).sum();
      assertTrue(shardBytes <= maxShardBytes || shard.size() == 1);
      shard.forEach(tensor -> names.add(tensor.name()));
    }
    assertEquals(
        infos(sizes).stream().map(TensorInfo::name).sorted().toList(),
        names.stream().sorted().toList());
  }

  @Test
  void shardsIndexAndHeadersOfALlamaAreThoseOfTransformers() throws IOException {
    List<TensorInfo> parameters = llamaParameters();
    List<List<TensorInfo>> shards = Sharding.split(parameters, 700);
    Map<String, String> weightMap = new LinkedHashMap<>();
    long elements = 0;
    long dataBytes = 0;
    for (int i = 0; i < shards.size(); i++) {
      String file = Sharding.fileName(i + 1, shards.size());
      byte[] header = Header.of(Header.PYTORCH_METADATA, shards.get(i)).encode();
      byte[] golden = Golden.bytes("models/llama_sharded/" + file);
      assertArrayEquals(Arrays.copyOf(golden, header.length), header);
      for (TensorInfo tensor : shards.get(i)) {
        weightMap.put(tensor.name(), file);
        elements += tensor.shape().elements();
        dataBytes += tensor.lengthBytes();
      }
    }
    assertArrayEquals(
        Golden.bytes("models/llama_sharded/model.safetensors.index.json"),
        ShardIndex.of(elements, dataBytes, weightMap).encode());
  }

  private static List<TensorInfo> llamaParameters() throws IOException {
    List<TensorInfo> parameters = new ArrayList<>();
    for (Object pair : (List<?>) Json.parse(Golden.bytes("models/llama_order.json"))) {
      String name = (String) ((List<?>) pair).get(0);
      List<?> shape = (List<?>) ((List<?>) pair).get(1);
      long[] dimensions = shape.stream().mapToLong(d -> ((JsonNumber) d).longValue()).toArray();
      parameters.add(new TensorInfo(name, DType.BF16, Shape.of(dimensions)));
    }
    return parameters;
  }

  @ParameterizedTest
  @CsvSource({
    "50GB, 50000000000",
    "500MB, 500000000",
    "500mb, 500000000",
    "' 5 KB ', 5000",
    "2TB, 2000000000000",
    "1.5GB, 1500000000",
    "0.1GB, 100000000",
    "2.3KB, 2300",
    "4096, 4096",
    "1, 1"
  })
  void sizesAreDecimal(String text, long expectedBytes) {
    assertEquals(expectedBytes, Sharding.parseSize(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "GB", "5GiB", "5B", "-5GB", "5 G B", "1e3GB", "1.5", "NaNGB", "0x5GB", "5,5GB"
      })
  void otherTextIsNoSize(String text) {
    Exception e = assertThrows(IllegalArgumentException.class, () -> Sharding.parseSize(text));
    assertEquals(
        "not a size: value=" + text + ", expected for example 50GB, 500MB or plain bytes",
        e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "0GB", "0.0001KB", "999999999999TB"})
  void sizesOutOfRangeAreRefused(String text) {
    Exception e = assertThrows(IllegalArgumentException.class, () -> Sharding.parseSize(text));
    assertEquals(
        "shard size out of range: value=" + text + ", expected at least 1 byte, below 2^63",
        e.getMessage());
  }

  @Test
  void singleShardHasNoNumber() {
    assertEquals("model.safetensors", Sharding.fileName(1, 1));
    assertEquals("model-00002-of-00013.safetensors", Sharding.fileName(2, 13));
    assertEquals("model-123456-of-123456.safetensors", Sharding.fileName(123456, 123456));
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "3, 2", "1, 0"})
  void shardThatDoesNotExistIsRefused(int index, int count) {
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> Sharding.fileName(index, count));
    assertEquals("no such shard: index=" + index + ", expected 1 to " + count, e.getMessage());
  }

  private static List<List<Integer>> split(long maxShardBytes, Integer... sizes) {
    return Sharding.split(infos(Arrays.asList(sizes)), maxShardBytes).stream()
        .map(shard -> shard.stream().map(tensor -> (int) tensor.lengthBytes()).toList())
        .toList();
  }

  private static List<TensorInfo> infos(List<Integer> sizes) {
    List<TensorInfo> infos = new ArrayList<>();
    for (int size : sizes) {
      infos.add(new TensorInfo("t" + infos.size(), DType.I8, Shape.of(size)));
    }
    return infos;
  }
}
