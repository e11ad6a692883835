package dev.cairn.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpointer;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.SafetensorsFile;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.safetensors.TensorEntry;
import dev.cairn.support.Group;
import dev.cairn.support.PythonScript;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What FSDP2 and FSDP1 leave on each rank, saved with the layouts that describe it. */
@Tag("python")
class TorchShardingTest {
  private static final Path SCRIPT = Path.of("src/test/python/shard_with_fsdp.py");

  @TempDir private static Path folder;

  @BeforeAll
  static void shardWithTorch() throws Exception {
    PythonScript.run(
        "TorchShardingTest", folder.resolve("python.log"), 4, SCRIPT, folder.toString());
  }

  @ParameterizedTest
  @CsvSource({
    "1, PARALLEL",
    "2, PARALLEL",
    "3, PARALLEL",
    "4, PARALLEL",
    "5, PARALLEL",
    "2, GATHER",
    "5, GATHER"
  })
  void shardsOfTorchBecomeTheWholeTensors(int worldSize, SaveMode mode) throws Exception {
    Path world = folder.resolve("" + worldSize);
    Path target = world.resolve("saved-" + mode);
    SaveOptions options =
        SaveOptions.builder()
            .keepDtypes()
            .mode(mode)
            .durability(Durability.FAST)
            .stagingBufferBytes(4096)
            .build();
    Group.values(
        worldSize,
        communicator -> {
          try (Checkpointer checkpointer = Checkpointer.open(communicator, options)) {
            ParameterSet set = parametersOf(world, communicator.rank(), worldSize);
            return checkpointer.save(target, set, ModelFiles.none());
          }
        });
    Map<String, String> expected = tensors(world.resolve("full.safetensors"));
    assertTrue(expected.size() > 50, () -> "tensors=" + expected.size());
    assertEquals(expected, tensors(target.resolve("model.safetensors")));
  }

  /** Returns the partitions that torch left on one rank, as torch describes them. */
  private static ParameterSet parametersOf(Path world, int rank, int worldSize) throws IOException {
    byte[] bytes = Files.readAllBytes(world.resolve(rank + ".bin"));
    ByteBuffer data = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    List<Parameter> parameters = new ArrayList<>();
    Map<String, Object> told = Json.parseObject(Files.readAllBytes(world.resolve(rank + ".json")));
    for (Object element : (List<?>) told.get("partitions")) {
      Map<?, ?> partition = (Map<?, ?>) element;
      int lengthBytes = Math.toIntExact(number(partition, "lengthBytes"));
      ByteBuffer mine = data.slice(data.position(), lengthBytes);
      data.position(data.position() + lengthBytes);
      String name = (String) partition.get("name");
      long[] dimensions =
          ((List<?>) partition.get("shape"))
              .stream().mapToLong(dimension -> ((JsonNumber) dimension).longValue()).toArray();
      parameters.add(
          Parameter.of(
              name,
              Shape.of(dimensions),
              name.contains("16.") ? DType.BF16 : DType.F32,
              layout(partition, worldSize),
              lengthBytes == 0 ? Partition.empty() : Partition.of(mine)));
    }
    assertEquals(0, data.remaining());
    return ParameterSet.of(parameters);
  }

  private static Layout layout(Map<?, ?> partition, int worldSize) {
    return partition.get("layout").equals("rows")
        ? Layout.rows()
        : Layout.flat(
            number(partition, "offsetInFlat"),
            number(partition, "elements"),
            number(partition, "flatElements"),
            worldSize);
  }

  private static long number(Map<?, ?> partition, String name) {
    return ((JsonNumber) partition.get(name)).longValue();
  }

  /** Returns what each tensor of a file is and holds, by name. */
  private static Map<String, String> tensors(Path path) throws IOException {
    Map<String, String> tensors = new LinkedHashMap<>();
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      for (TensorEntry entry : file.header().tensors()) {
        byte[] bytes = new byte[Math.toIntExact(entry.endByte() - entry.beginByte())];
        file.read(entry, 0, ByteBuffer.wrap(bytes));
        String content = java.util.HexFormat.of().formatHex(bytes);
        tensors.put(entry.name(), entry.dtype() + " " + entry.shape() + " " + content);
      }
    }
    return tensors;
  }
}
