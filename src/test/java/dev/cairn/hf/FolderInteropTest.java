package dev.cairn.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.Checkpointer;
import dev.cairn.json.Json;
import dev.cairn.layout.Layout;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.support.Group;
import dev.cairn.support.PythonScript;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Saves models with many worlds, modes and dtypes; safetensors, torch and transformers load them.
 */
@Tag("python")
class FolderInteropTest {
  private static final Path SCRIPT = Path.of("src/test/python/interop_folders.py");
  private static final List<String> MODELS = List.of("llama", "qwen2", "olmo2");
  private static final long ONE_FILE = 1L << 30;

  /** What torch has no type of its own for. */
  private static final EnumSet<DType> NOT_OF_TORCH =
      EnumSet.of(DType.F8_E8M0, DType.F6_E3M2, DType.F6_E2M3, DType.F4);

  @TempDir static Path folder;
  private static Map<String, Object> answers;

  @BeforeAll
  static void saveAndAskPython() throws Exception {
    python("make");
    for (int worldSize = 1; worldSize <= 4; worldSize++) {
      saveBits(worldSize);
    }
    for (String model : MODELS) {
      Path source = folder.resolve("sources").resolve(model);
      for (SaveMode mode : List.of(SaveMode.GATHER, SaveMode.PARALLEL)) {
        ReferenceModel whole = ReferenceModel.read(source);
        ModelFiles files = ModelFiles.fromFolder(source);
        save(whole, files, model + "-bf16-" + mode, 3, mode, DType.BF16, ONE_FILE);
        save(whole, files, model + "-keep-" + mode, 2, mode, null, 3000);
        for (int worldSize : new int[] {1, 4}) {
          String name = model + "-bf16-" + mode + "-" + worldSize;
          save(whole, files, name, worldSize, mode, DType.BF16, ONE_FILE);
        }
      }
    }
    python("check");
    answers = Json.parseObject(Files.readAllBytes(folder.resolve("answers.json")));
  }

  /** Saves random bits of every kind of dtype, layout and shape. */
  private static void saveBits(int worldSize) throws Exception {
    ReferenceModel whole = ReferenceModel.various(worldSize);
    for (DType dtype : EnumSet.complementOf(NOT_OF_TORCH)) {
      whole.add("every." + dtype, dtype, Layout.zero3(), 3, 5);
    }
    String source = "bits" + worldSize;
    Path sourceFolder = Files.createDirectories(folder.resolve("sources").resolve(source));
    for (Map.Entry<String, byte[]> file :
        whole.expectedFiles(Optional.empty(), ONE_FILE).entrySet()) {
      Files.write(sourceFolder.resolve(file.getKey()), file.getValue());
    }
    Map<String, DType> dtypes = new LinkedHashMap<>();
    dtypes.put("keep", null);
    dtypes.put("bf16", DType.BF16);
    dtypes.put("f16", DType.F16);
    dtypes.put("f32", DType.F32);
    for (SaveMode mode : List.of(SaveMode.GATHER, SaveMode.PARALLEL)) {
      for (Map.Entry<String, DType> dtype : dtypes.entrySet()) {
        String name = source + "-" + dtype.getKey() + "-" + mode;
        ModelFiles none = ModelFiles.none();
        save(whole, none, name + "-single", worldSize, mode, dtype.getValue(), ONE_FILE);
        save(whole, none, name + "-sharded", worldSize, mode, dtype.getValue(), 300);
      }
    }
  }

  private static void save(
      ReferenceModel model,
      ModelFiles files,
      String name,
      int worldSize,
      SaveMode mode,
      DType dtype,
      long maxShardBytes)
      throws Exception {
    SaveOptions.Builder builder =
        SaveOptions.builder()
            .mode(mode)
            .durability(Durability.FAST)
            .maxShardBytes(maxShardBytes)
            .stagingBufferBytes(4096);
    SaveOptions options = (dtype == null ? builder.keepDtypes() : builder.dtype(dtype)).build();
    Path target = folder.resolve("saved").resolve(name);
    for (Group.Result<SaveReport> result :
        Group.run(
            worldSize,
            communicator -> {
              try (Checkpointer checkpointer = Checkpointer.open(communicator, options)) {
                return checkpointer.save(target, model.on(communicator.rank(), worldSize), files);
              }
            })) {
      if (result.failure() != null) {
        throw new AssertionError(name, result.failure());
      }
    }
  }

  private static void python(String command) throws IOException, InterruptedException {
    PythonScript.run(
        "FolderInteropTest", folder.resolve("python.log"), 5, SCRIPT, command, folder.toString());
  }

  @Test
  void everySavedFolderIsWhatTorchMakesOfItsSource() {
    Map<String, Object> wrong = new LinkedHashMap<>(answers);
    wrong.values().removeIf(""::equals);
    assertEquals(Map.of(), wrong);
    assertEquals(4 * 2 * 4 * 2 + MODELS.size() * 8, answers.size());
  }
}
