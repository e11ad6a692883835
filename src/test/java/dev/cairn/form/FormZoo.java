package dev.cairn.form;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.deepspeed.Consolidator;
import dev.cairn.deepspeed.DeepSpeedCheckpoint;
import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelFiles;
import dev.cairn.hf.ModelFolder;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Small models of many architectures, as {@code form_zoo.py} makes them: in the names and tensors
 * that they have in memory, and as transformers itself saves them.
 */
final class FormZoo {
  private FormZoo() {}

  /** Returns the models in a folder that the script has filled. */
  static List<Path> models(Path folder) throws IOException {
    try (Stream<Path> models = Files.list(folder)) {
      return models.filter(model -> Files.exists(model.resolve("zoo.json"))).sorted().toList();
    }
  }

  private static ModelFiles files(Path reference, boolean withBase) throws IOException {
    return withBase
        ? ModelFiles.builder().configFrom(reference).build()
        : ModelFiles.of(ModelConfig.find(reference), List.of());
  }

  private static DType dtype(Path model) {
    return model.toString().endsWith("+f16") ? DType.F16 : DType.BF16;
  }

  /** A tensor of a file, with all that counts. */
  private record Stored(DType dtype, List<Long> shape, ByteBuffer bytes) {
    @Override
    public String toString() {
      return dtype + " " + shape;
    }
  }

  private static Map<String, Stored> stored(Path folder) throws IOException {
    Map<String, Stored> stored = new TreeMap<>();
    try (ModelFolder model = ModelFolder.open(folder)) {
      for (FolderTensor tensor : model.tensors()) {
        long lengthBytes = tensor.entry().endByte() - tensor.entry().beginByte();
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(lengthBytes));
        model.read(tensor.name(), 0, bytes);
        List<Long> shape = Arrays.stream(tensor.entry().shape().toArray()).boxed().toList();
        stored.put(tensor.name(), new Stored(tensor.entry().dtype(), shape, bytes.flip()));
      }
    }
    return stored;
  }

  /**
   * Saves a model of the zoo, compares it with what transformers has saved, and restores it.
   *
   * @param withBase whether the published model is known
   * @param target is deleted at the end
   */
  static void check(Path model, int worldSize, SaveMode mode, boolean withBase, Path target)
      throws IOException, InterruptedException {
    ReferenceModel memory = ReferenceModel.read(model.resolve("memory"));
    Path reference = model.resolve("reference");
    ModelFiles files = files(reference, withBase);
    SaveOptions options =
        SaveOptions.builder()
            .dtype(dtype(model))
            .mode(mode)
            .durability(Durability.FAST)
            .stagingBufferBytes(1 << 16)
            .stagingBuffers(2)
            .build();
    RunOptions run = RunOptions.in(target);
    TrainerState none = TrainerState.builder().build();
    Group.values(
        worldSize,
        ranks -> {
          try (Checkpointer checkpointer = Checkpointer.open(ranks, options, run)) {
            ParameterSet own = memory.on(ranks.rank(), worldSize);
            checkpointer.save(1, own, files, none);
            ParameterSet empty = memory.poisonedOn(ranks.rank(), worldSize);
            checkpointer.latest().orElseThrow().restore(empty);
            memory.assertHolds(empty, ranks.rank(), worldSize);
          }
          return null;
        });
    assertSame(reference, target.resolve("step_1"));
    delete(target);
  }

  /**
   * Consolidates a model of the zoo from the form that DeepSpeed leaves it in, and compares it with
   * what transformers has saved.
   *
   * @param withBase whether the published model is known
   * @param target is deleted at the end
   */
  static void checkConsolidated(Path model, boolean withBase, Path target) throws IOException {
    Path reference = model.resolve("reference");
    ModelFiles files = files(reference, withBase);
    SaveOptions options =
        SaveOptions.builder()
            .dtype(dtype(model))
            .durability(Durability.FAST)
            .stagingBufferBytes(1 << 16)
            .build();
    DeepSpeedCheckpoint checkpoint = DeepSpeedCheckpoint.open(model.resolve("zero3"));
    Consolidator.consolidate(checkpoint, target, files, options, false, Optional.empty());
    assertSame(reference, target);
    delete(target);
  }

  private static void assertSame(Path expectedFolder, Path savedFolder) throws IOException {
    Map<String, Stored> expected = stored(expectedFolder);
    Map<String, Stored> saved = stored(savedFolder);
    assertEquals(without(expected, saved), without(saved, expected), "expected and saved names");
    expected.forEach((name, tensor) -> assertEquals(tensor, saved.get(name), name));
  }

  private static List<String> without(Map<String, Stored> first, Map<String, Stored> second) {
    return first.keySet().stream().filter(name -> !second.containsKey(name)).toList();
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      all.sorted(Comparator.reverseOrder())
          .forEach(
              path -> {
                try {
                  Files.delete(path);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }
}
