package dev.cairn;

import static dev.cairn.SmallSaves.names;
import static dev.cairn.SmallSaves.save;
import static dev.cairn.SmallSaves.small;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.safetensors.Manifest;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CheckpointerTest {
  @TempDir Path temporary;

  static Stream<Arguments> saves() {
    List<Arguments> all = new ArrayList<>();
    for (int worldSize = 1; worldSize <= 4; worldSize++) {
      for (SaveMode mode : SaveMode.values()) {
        for (long maxShardBytes : new long[] {1 << 20, 300}) {
          for (Optional<DType> dtype :
              List.of(Optional.of(DType.BF16), Optional.of(DType.F16), Optional.<DType>empty())) {
            all.add(Arguments.of(worldSize, mode, maxShardBytes, dtype));
          }
        }
      }
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("saves")
  void filesAreTheWholeModelWhateverTheRanks(
      int worldSize, SaveMode mode, long maxShardBytes, Optional<DType> dtype) throws Exception {
    ReferenceModel model = ReferenceModel.various(worldSize);
    SaveOptions.Builder options = small().mode(mode).maxShardBytes(maxShardBytes);
    dtype.ifPresentOrElse(options::dtype, options::keepDtypes);
    Path target = temporary.resolve("model");
    for (Group.Result<SaveReport> result : save(worldSize, options.build(), model, target)) {
      assertNull(result.failure(), () -> result.failure().toString());
    }
    Map<String, byte[]> expected = model.expectedFiles(dtype, maxShardBytes);
    for (Map.Entry<String, byte[]> file : expected.entrySet()) {
      assertArrayEquals(
          file.getValue(), Files.readAllBytes(target.resolve(file.getKey())), file.getKey());
    }
    Set<String> names = new TreeSet<>(expected.keySet());
    names.addAll(List.of("cairn.json", "COMPLETED"));
    if (expected.size() > 1) {
      names.add("model.safetensors.index.json");
    }
    assertEquals(List.copyOf(names), names(target));
    assertEquals(List.of("model"), names(temporary));
  }

  @ParameterizedTest
  @MethodSource("saves")
  void manifestHasTheChecksumsOfWhatIsOnTheDisk(
      int worldSize, SaveMode mode, long maxShardBytes, Optional<DType> dtype) throws Exception {
    ReferenceModel model = ReferenceModel.various(worldSize);
    SaveOptions.Builder options = small().mode(mode).maxShardBytes(maxShardBytes);
    dtype.ifPresentOrElse(options::dtype, options::keepDtypes);
    Path target = temporary.resolve("model");
    save(worldSize, options.build(), model, target);
    Manifest manifest =
        Manifest.parse(Files.readAllBytes(target.resolve(Manifest.FILE_NAME)), "cairn.json");
    for (Manifest.FileRecord file : manifest.files()) {
      byte[] bytes = Files.readAllBytes(target.resolve(file.name()));
      CRC32C crc = new CRC32C();
      crc.update(bytes);
      assertEquals((int) crc.getValue(), file.crc32c(), file.name());
      assertEquals(bytes.length, file.lengthBytes());
    }
    assertEquals(10, manifest.tensors().size());
  }

  @Test
  void durableAndFastWriteTheSameShards() throws Exception {
    ReferenceModel model = ReferenceModel.various(2);
    save(2, small().build(), model, temporary.resolve("fast"));
    save(2, small().durability(Durability.DURABLE).build(), model, temporary.resolve("durable"));
    assertArrayEquals(
        Files.readAllBytes(temporary.resolve("fast/model.safetensors")),
        Files.readAllBytes(temporary.resolve("durable/model.safetensors")));
  }

  @Test
  void overwriteReplacesTheWholeFolder() throws Exception {
    Path target = Files.createDirectory(temporary.resolve("model"));
    Files.writeString(target.resolve("model-00001-of-00002.safetensors"), "stale");
    save(2, small().overwrite(true).build(), ReferenceModel.various(2), target);
    assertEquals(List.of("COMPLETED", "cairn.json", "model.safetensors"), names(target));
    assertEquals(List.of("model"), names(temporary));
  }

  @Test
  void interruptOfTheCallerIsKeptAndTheSaveGoesOn() throws Exception {
    Path target = temporary.resolve("model");
    List<Group.Result<Boolean>> results =
        Group.run(
            1,
            communicator -> {
              try (Checkpointer checkpointer = Checkpointer.open(communicator, small().build())) {
                Thread.currentThread().interrupt();
                checkpointer.save(target, ReferenceModel.various(1).on(0, 1), ModelFiles.none());
                return Thread.interrupted();
              }
            });
    assertEquals(true, results.get(0).value());
    assertTrue(Files.exists(target.resolve("COMPLETED")));
  }

  @Test
  void closedCheckpointerSaysSo() throws IOException {
    try (Communicator single = Communicator.single()) {
      Checkpointer checkpointer = Checkpointer.open(single, small().build());
      checkpointer.close();
      checkpointer.close();
      Exception e =
          assertThrows(
              IllegalStateException.class,
              () ->
                  checkpointer.save(
                      temporary.resolve("model"),
                      ReferenceModel.various(1).on(0, 1),
                      ModelFiles.none()));
      assertEquals("checkpointer is closed", e.getMessage());
    }
  }
}
