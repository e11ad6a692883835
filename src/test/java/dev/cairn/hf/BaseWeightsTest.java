package dev.cairn.hf;

import static dev.cairn.support.SavedTensors.assertPublished;
import static dev.cairn.support.SavedTensors.bytes;
import static dev.cairn.support.SavedTensors.names;
import static dev.cairn.support.SavedTensors.options;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.layout.Layout;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.Durability;
import dev.cairn.options.FormOptions;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the weights of a base model decide about a save: dtypes, and what must not be missing. */
class BaseWeightsTest {
  @TempDir Path temporary;

  private SaveReport saveAlone(SaveOptions options, ParameterSet set, ModelFiles files)
      throws IOException {
    try (Checkpointer checkpointer = Checkpointer.open(Communicator.single(), options)) {
      return checkpointer.save(temporary.resolve("saved"), set, files);
    }
  }

  @Test
  void whatIsF32InTheBaseStaysF32AndNothingGetsWider() throws Exception {
    SaveOptions keep = options(SaveMode.PARALLEL).build();
    ReferenceModel published =
        new ReferenceModel(1)
            .add("model.a.weight", DType.BF16, Layout.zero3(), 40)
            .add("model.a.bias", DType.F32, Layout.zero3(), 4)
            .add("model.b.bias", DType.F32, Layout.zero3(), 4);
    saveAlone(keep, published.on(0, 1), ModelFiles.none());
    Files.move(temporary.resolve("saved"), temporary.resolve("published"));
    Files.writeString(
        temporary.resolve("published/config.json"), "{\"architectures\":[\"Unknown\"]}");
    ReferenceModel trained =
        new ReferenceModel(2)
            .add("model.a.weight", DType.F32, Layout.zero3(), 40)
            .add("model.a.bias", DType.F32, Layout.zero3(), 4)
            .add("model.b.bias", DType.BF16, Layout.zero3(), 4);
    SaveOptions narrow =
        SaveOptions.builder().durability(Durability.FAST).mode(SaveMode.PARALLEL).build();
    saveAlone(narrow, trained.on(0, 1), ModelFiles.fromFolder(temporary.resolve("published")));
    try (ModelFolder saved = ModelFolder.open(temporary.resolve("saved"))) {
      Map<String, DType> dtypes = new TreeMap<>();
      saved.tensors().forEach(tensor -> dtypes.put(tensor.name(), tensor.entry().dtype()));
      assertEquals(
          Map.of(
              "model.a.weight", DType.BF16, "model.a.bias", DType.F32, "model.b.bias", DType.BF16),
          dtypes);
    }
  }

  @Test
  void whatIsNotTheBaseModelIsRefusedBeforeAnyFileExists() throws Exception {
    SaveOptions keep = options(SaveMode.PARALLEL).build();
    ReferenceModel published =
        new ReferenceModel(1)
            .add("model.embed_tokens.weight", DType.F32, Layout.zero3(), 40, 2)
            .add("model.a.weight", DType.F32, Layout.zero3(), 4)
            .add("model.b.weight", DType.F32, Layout.zero3(), 4);
    saveAlone(keep, published.on(0, 1), ModelFiles.none());
    Path base = temporary.resolve("published");
    Files.move(temporary.resolve("saved"), base);
    Files.writeString(base.resolve("config.json"), "{\"architectures\":[\"Unknown\"]}");
    ReferenceModel trained =
        new ReferenceModel(2)
            .add("model.embed_tokens.weight", DType.F32, Layout.zero3(), 48, 2)
            .add("model.a.weight", DType.F32, Layout.zero3(), 4)
            .add("value_head.weight", DType.F32, Layout.zero3(), 4);
    Exception refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> saveAlone(keep, trained.on(0, 1), ModelFiles.fromFolder(base)));
    assertEquals(
        "this would not be the model: 1 of 3 expected tensors are missing, first model.b.weight;"
            + " 1 unknown, first value_head.weight; 1 of another shape, first"
            + " model.embed_tokens.weight: [48,2], expected [40,2]; the vocabulary was resized:"
            + " give the config of the resized model; to write it all the same, ask for it unchecked"
            + " (--unchecked)",
        refused.getMessage());
    try (Stream<Path> files = Files.list(temporary)) {
      assertEquals(List.of(base), files.toList());
    }
    SaveOptions unchecked =
        options(SaveMode.PARALLEL).form(FormOptions.asPublished().withUnchecked(true)).build();
    saveAlone(unchecked, trained.on(0, 1), ModelFiles.fromFolder(base));
    assertEquals(3, names(temporary.resolve("saved")).size());
  }

  @Test
  void whatIsMissingIsTakenFromTheBaseOnOneRank() throws Exception {
    ReferenceModel published =
        new ReferenceModel(1)
            .add("model.a.weight", DType.F32, Layout.zero3(), 300)
            .add("vision.b.weight", DType.F32, Layout.zero3(), 5000)
            .add("vision.c.weight", DType.BF16, Layout.zero3(), 7);
    SaveOptions keep = options(SaveMode.PARALLEL).build();
    saveAlone(keep, published.on(0, 1), ModelFiles.none());
    Path base = temporary.resolve("published");
    Files.move(temporary.resolve("saved"), base);
    Files.writeString(base.resolve("config.json"), "{\"architectures\":[\"Unknown\"]}");
    ReferenceModel trained =
        new ReferenceModel(2).add("model.a.weight", DType.F32, Layout.zero3(), 300);
    Exception refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> saveAlone(keep, trained.on(0, 1), ModelFiles.fromFolder(base)));
    assertEquals(
        "this would not be the model: 2 of 3 expected tensors are missing, first vision.b.weight; to"
            + " take them from the base model, ask for that (--missing-from-base); to write it all"
            + " the same, ask for it unchecked (--unchecked)",
        refused.getMessage());
    for (SaveMode mode : List.of(SaveMode.GATHER, SaveMode.PARALLEL)) {
      SaveOptions borrowing =
          options(mode).form(FormOptions.asPublished().withMissingFromBase(true)).build();
      Group.values(
          3,
          ranks -> {
            ModelFiles files = ranks.rank() == 0 ? ModelFiles.fromFolder(base) : ModelFiles.none();
            try (Checkpointer checkpointer = Checkpointer.open(ranks, borrowing)) {
              Path target = temporary.resolve(mode.name());
              return checkpointer.save(target, trained.on(ranks.rank(), 3), files);
            }
          });
      Map<String, byte[]> expected = new TreeMap<>();
      expected.putAll(bytes(published));
      expected.putAll(bytes(trained));
      assertPublished(expected, temporary.resolve(mode.name()));
    }
  }
}
