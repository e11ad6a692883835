package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.options.SaveWork;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A gather of many small tensors: few messages, and the files of any other save. */
@Timeout(60)
class PackedGatherTest {
  private static final int SMALL_TENSORS = 200;
  private static final int STAGING_BYTES = 64 << 10;
  private static final long MAX_SHARD_BYTES = 300_000;

  @TempDir Path temporary;

  private static ReferenceModel model(int worldSize) {
    ReferenceModel model = ReferenceModel.various(worldSize);
    for (int index = 0; index < SMALL_TENSORS; index++) {
      DType held = index % 3 == 0 ? DType.BF16 : DType.F32;
      Layout layout = index % 7 == 0 ? Layout.replicated() : Layout.zero3();
      model.add("layer." + index + ".norm", held, layout, 1 + index % 90);
      if (index % 50 == 0) {
        model.add("layer." + index + ".proj", DType.F32, layout, 200, 101);
      }
    }
    return model;
  }

  @ParameterizedTest
  @CsvSource({"2,1,", "3,2,BF16", "7,4,", "7,1,BF16"})
  void filesAreThoseOfOtherSavesByFewMessages(int worldSize, int stagingBuffers, DType dtype)
      throws Exception {
    ReferenceModel model = model(worldSize);
    SaveOptions.Builder options =
        SaveOptions.builder()
            .mode(SaveMode.GATHER)
            .durability(Durability.FAST)
            .maxShardBytes(MAX_SHARD_BYTES)
            .stagingBuffers(stagingBuffers)
            .stagingBufferBytes(STAGING_BYTES);
    SaveOptions chosen = (dtype == null ? options.keepDtypes() : options.dtype(dtype)).build();
    Path target = temporary.resolve("model");
    List<SaveReport> reports =
        Group.values(
            worldSize,
            communicator -> {
              try (Checkpointer checkpointer = Checkpointer.open(communicator, chosen)) {
                return checkpointer.save(
                    target, model.on(communicator.rank(), worldSize), ModelFiles.none());
              }
            });
    for (Map.Entry<String, byte[]> file :
        model.expectedFiles(Optional.ofNullable(dtype), MAX_SHARD_BYTES).entrySet()) {
      byte[] actual = Files.readAllBytes(target.resolve(file.getKey()));
      assertArrayEquals(file.getValue(), actual, file.getKey());
    }
    long messages = reports.get(0).work().get(SaveWork.RECEIVE).count();
    long sent =
        reports.stream()
            .skip(1)
            .mapToLong(report -> report.work().get(SaveWork.SEND).count())
            .sum();
    assertEquals(sent, messages);
    long most = worldSize * (long) SMALL_TENSORS / 4;
    assertTrue(messages < most, "messages=%d, expected less than %d".formatted(messages, most));
  }
}
