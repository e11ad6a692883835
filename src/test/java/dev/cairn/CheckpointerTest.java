package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.device.Device;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.safetensors.Manifest;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
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

  private static SaveOptions.Builder small() {
    return SaveOptions.builder()
        .durability(Durability.FAST)
        .stagingBuffers(3)
        .stagingBufferBytes(4096);
  }

  private static List<Group.Result<SaveReport>> save(
      int worldSize, SaveOptions options, ReferenceModel model, Path target) throws Exception {
    return Group.run(
        worldSize,
        communicator -> {
          try (Checkpointer checkpointer = Checkpointer.open(communicator, options)) {
            return checkpointer.save(
                target, model.on(communicator.rank(), worldSize), ModelFiles.none());
          }
        });
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

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
  void existingTargetIsRefusedOnEveryRankAndLeftAlone() throws Exception {
    Path target = Files.createDirectory(temporary.resolve("model"));
    Files.writeString(target.resolve("mine"), "mine");
    for (Group.Result<SaveReport> result :
        save(3, small().build(), ReferenceModel.various(3), target)) {
      CheckpointException e = assertInstanceOf(CheckpointException.class, result.failure());
      assertEquals(0, e.rank());
      assertEquals(
          "save failed on rank 0 of 3: the target exists: " + target + "; nothing committed",
          e.getMessage());
    }
    assertEquals(List.of("mine"), names(target));
    assertEquals(List.of("model"), names(temporary));
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
  void wrongPartitionIsTheCallersMistakeThereAndNamedElsewhere() throws Exception {
    Path target = temporary.resolve("model");
    List<Group.Result<SaveReport>> results =
        Group.run(
            3,
            communicator -> {
              long bytes = communicator.rank() == 1 ? 0 : 16;
              ByteBuffer partition = ByteBuffer.allocateDirect((int) bytes);
              Parameter parameter =
                  Parameter.of(
                      "w", Shape.of(12), DType.F32, Layout.zero3(), Partition.of(partition));
              try (Checkpointer checkpointer = Checkpointer.open(communicator, small().build())) {
                return checkpointer.save(
                    target, ParameterSet.of(List.of(parameter)), ModelFiles.none());
              }
            });
    String reason =
        "partition length mismatch: tensor=w, lengthBytes=0, expected 16 (shape=[12], dtype=F32,"
            + " layout=zero3, rank=1 of 3); a ZeRO-3 placeholder of no elements? hand over the"
            + " rank's partition (ds_tensor) instead";
    assertEquals(reason, results.get(1).failure().getMessage());
    assertInstanceOf(IllegalArgumentException.class, results.get(1).failure());
    CheckpointException e = assertInstanceOf(CheckpointException.class, results.get(2).failure());
    assertEquals("save failed on rank 1 of 3: " + reason + "; nothing committed", e.getMessage());
    assertEquals(List.of(), names(temporary));
  }

  @Test
  void partitionInDeviceMemoryIsRefusedWhereNoGpuIs() throws Exception {
    Parameter parameter =
        Parameter.of(
            "w", Shape.of(4), DType.F32, Layout.zero3(), Partition.of(4096, 16, Device.cuda(0)));
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, small().build())) {
      Exception e =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  checkpointer.save(
                      temporary.resolve("model"),
                      ParameterSet.of(List.of(parameter)),
                      ModelFiles.none()));
      assertTrue(
          e.getMessage()
              .startsWith(
                  "partition cannot be used: tensor=w, device=cuda:0; GPUs cannot be used here: "),
          e.getMessage());
    }
  }

  @Test
  void ranksThatDisagreeAreToldTheFirstDifference() throws Exception {
    List<Group.Result<SaveReport>> results =
        Group.run(
            3,
            communicator -> {
              ReferenceModel model = new ReferenceModel(1).add("a", DType.F32, Layout.zero3(), 6);
              String second = communicator.rank() == 2 ? "c" : "b";
              model.add(second, DType.F32, Layout.zero3(), 6).add("d", DType.F32, Layout.rows(), 3);
              try (Checkpointer checkpointer = Checkpointer.open(communicator, small().build())) {
                return checkpointer.save(
                    temporary.resolve("model"),
                    model.on(communicator.rank(), 3),
                    ModelFiles.none());
              }
            });
    for (Group.Result<SaveReport> result : results) {
      assertEquals(
          "save failed on rank 2 of 3: ranks disagree about what to save: parameter 1: "
              + "\"b [6] F32->BF16 zero3\" on ranks 0, 1; \"c [6] F32->BF16 zero3\" on rank 2;"
              + " nothing committed",
          result.failure().getMessage());
    }
    assertEquals(List.of(), names(temporary));
  }

  @Test
  void ranksThatDisagreeAboutOptionsAreTold() throws Exception {
    List<Group.Result<SaveReport>> results =
        Group.run(
            2,
            communicator -> {
              DType dtype = communicator.rank() == 0 ? DType.BF16 : DType.F16;
              ReferenceModel model = new ReferenceModel(1).add("a", DType.U8, Layout.zero3(), 6);
              try (Checkpointer checkpointer =
                  Checkpointer.open(communicator, small().dtype(dtype).build())) {
                return checkpointer.save(
                    temporary.resolve("model"),
                    model.on(communicator.rank(), 2),
                    ModelFiles.none());
              }
            });
    String message = results.get(0).failure().getMessage();
    assertTrue(message.contains("dtype=Optional[F16]") && message.contains("on rank 1"), message);
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

  @Test
  void sameCheckpointerSavesAgainAfterAFailure() throws Exception {
    Path first = temporary.resolve("first");
    Path second = temporary.resolve("second");
    Files.createFile(first);
    ReferenceModel model = ReferenceModel.various(2);
    List<Group.Result<SaveReport>> results =
        Group.run(
            2,
            communicator -> {
              ParameterSet own = model.on(communicator.rank(), 2);
              try (Checkpointer checkpointer =
                  Checkpointer.open(communicator, small().mode(SaveMode.GATHER).build())) {
                assertThrows(
                    CheckpointException.class,
                    () -> checkpointer.save(first, own, ModelFiles.none()));
                return checkpointer.save(second, own, ModelFiles.none());
              }
            });
    for (Group.Result<SaveReport> result : results) {
      assertNull(result.failure(), () -> result.failure().toString());
    }
    assertTrue(Files.exists(second.resolve("COMPLETED")));
  }
}
