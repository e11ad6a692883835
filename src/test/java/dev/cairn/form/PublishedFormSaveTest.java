package dev.cairn.form;

import static dev.cairn.support.SavedTensors.assertPublished;
import static dev.cairn.support.SavedTensors.bytes;
import static dev.cairn.support.SavedTensors.names;
import static dev.cairn.support.SavedTensors.options;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.Checkpointer;
import dev.cairn.PendingSave;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.layout.Mesh;
import dev.cairn.layout.Placement;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Experts that are stacked in memory are published one by one, however ranks hold them. */
class PublishedFormSaveTest {
  private static final int EXPERTS = 3;
  private static final int INNER = 5;
  private static final int HIDDEN = 7;
  private static final String MLP = "model.layers.0.mlp.";
  private static final String MOE = "model.layers.0.block_sparse_moe.";
  private static final TrainerState NO_STATE = TrainerState.builder().build();

  @TempDir Path temporary;

  /** A part of Mixtral; a template of the whole does not count with a key that none knows. */
  private static ModelFiles mixtral() {
    ModelConfig config =
        ModelConfig.of(
            Map.of(
                "architectures",
                List.of("MixtralForCausalLM"),
                "model_type",
                "mixtral",
                "is_a_part",
                true));
    return ModelFiles.of(Optional.of(config), List.of());
  }

  private static ReferenceModel model(Layout layout) {
    return new ReferenceModel(5)
        .add("model.embed_tokens.weight", DType.F32, Layout.replicated(), 11, HIDDEN)
        .add(MLP + "experts.gate_up_proj", DType.F32, layout, EXPERTS, 2L * INNER, HIDDEN)
        .add(MLP + "experts.down_proj", DType.F32, layout, EXPERTS, HIDDEN, INNER)
        .add(MLP + "gate.weight", DType.F32, Layout.zero3(), EXPERTS, HIDDEN);
  }

  /** What is published, cut out of the model's own bytes. */
  private static Map<String, byte[]> expected(ReferenceModel model) {
    Map<String, byte[]> bytes = bytes(model);
    Map<String, byte[]> published = new TreeMap<>();
    published.put("model.embed_tokens.weight", bytes.get("model.embed_tokens.weight"));
    published.put(MOE + "gate.weight", bytes.get(MLP + "gate.weight"));
    int projection = Float.BYTES * INNER * HIDDEN;
    for (int expert = 0; expert < EXPERTS; expert++) {
      String name = MOE + "experts." + expert + ".";
      int begin = 2 * expert * projection;
      byte[] gateUp = bytes.get(MLP + "experts.gate_up_proj");
      published.put(name + "w1.weight", Arrays.copyOfRange(gateUp, begin, begin + projection));
      published.put(
          name + "w3.weight",
          Arrays.copyOfRange(gateUp, begin + projection, begin + 2 * projection));
      byte[] down = bytes.get(MLP + "experts.down_proj");
      published.put(
          name + "w2.weight",
          Arrays.copyOfRange(down, expert * projection, (expert + 1) * projection));
    }
    return published;
  }

  static Stream<Arguments> ways() {
    List<Layout> layouts = List.of(Layout.zero3(), Layout.replicated(), Layout.rows());
    Stream<Arguments> any =
        Stream.of(1, 2, 3, 4)
            .flatMap(
                worldSize ->
                    layouts.stream()
                        .flatMap(
                            layout ->
                                Stream.of(SaveMode.GATHER, SaveMode.PARALLEL)
                                    .map(mode -> Arguments.of(worldSize, layout, mode))));
    return Stream.concat(any, slices());
  }

  /** Each rank has a slice of every expert. */
  private static Stream<Arguments> slices() {
    return Stream.of(1, 2)
        .map(cut -> Layout.placements(Mesh.of(3), List.of(Placement.shard(cut))))
        .flatMap(
            layout ->
                Stream.of(SaveMode.GATHER, SaveMode.PARALLEL)
                    .map(mode -> Arguments.of(3, layout, mode)));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void expertsAreSplitAndPutTogetherAgain(int worldSize, Layout layout, SaveMode mode)
      throws Exception {
    ReferenceModel model = model(layout);
    onRanks(
        worldSize,
        model,
        options(mode),
        (checkpointer, own) -> {
          checkpointer.save(1, own, mixtral(), NO_STATE);
          PendingSave pending = checkpointer.saveAsync(2, own, mixtral(), NO_STATE);
          ReferenceModel.overwrite(own);
          pending.await();
        });
    assertPublished(expected(model(Layout.zero3())), temporary.resolve("run/step_1"));
    assertPublished(expected(model(Layout.zero3())), temporary.resolve("run/step_2"));
    RunOptions run = RunOptions.in(temporary.resolve("run"));
    Group.values(
        3,
        ranks -> {
          ParameterSet empty = model.poisonedOn(ranks.rank(), 3);
          try (Checkpointer checkpointer = Checkpointer.open(ranks, options(mode).build(), run)) {
            checkpointer.latest().orElseThrow().restore(empty);
          }
          model.assertHolds(empty, ranks.rank(), 3);
          return null;
        });
  }

  private interface Saves {
    void make(Checkpointer checkpointer, ParameterSet own) throws Exception;
  }

  /** Makes saves of a model on all ranks. */
  private void onRanks(
      int worldSize, ReferenceModel model, SaveOptions.Builder options, Saves saves)
      throws InterruptedException {
    RunOptions run = RunOptions.in(temporary.resolve("run"));
    SaveOptions built = options.build();
    Group.values(
        worldSize,
        ranks -> {
          try (Checkpointer checkpointer = Checkpointer.open(ranks, built, run)) {
            saves.make(checkpointer, model.on(ranks.rank(), worldSize));
          }
          return null;
        });
  }

  @ParameterizedTest
  @MethodSource("ways")
  void whatExceedsTheSnapshotIsSplitToo(int worldSize, Layout layout, SaveMode mode)
      throws Exception {
    ReferenceModel model = model(layout);
    onRanks(
        worldSize,
        model,
        options(mode).snapshotBudgetBytes(500),
        (checkpointer, own) -> {
          PendingSave pending = checkpointer.saveAsync(1, own, mixtral(), NO_STATE);
          ReferenceModel.overwrite(own);
          pending.await();
        });
    assertPublished(expected(model(Layout.zero3())), temporary.resolve("run/step_1"));
  }

  private SaveReport saveAlone(SaveOptions options, ParameterSet set, ModelFiles files)
      throws IOException {
    try (Checkpointer checkpointer = Checkpointer.open(Communicator.single(), options)) {
      return checkpointer.save(temporary.resolve("saved"), set, files);
    }
  }

  @Test
  void callersOwnNamesWin() throws Exception {
    SaveOptions options =
        options(SaveMode.PARALLEL)
            .form(
                FormOptions.asPublished()
                    .withNames(
                        List.of(NameRule.parse("^model\\.layers\\.0\\.mlp\\.gate\\.=router."))))
            .build();
    saveAlone(options, model(Layout.zero3()).on(0, 1), mixtral());
    List<String> names = names(temporary.resolve("saved"));
    assertEquals("router.weight", names.get(names.size() - 1));
    assertEquals(MOE + "experts.0.w1.weight", names.get(1));
  }

  @Test
  void baseOfWhichOnlyTheIndexIsThereIsNotKnown() throws Exception {
    Path base = Files.createDirectory(temporary.resolve("base"));
    Files.writeString(base.resolve("config.json"), "{\"architectures\":[\"Unknown\"]}");
    Files.writeString(
        base.resolve("model.safetensors.index.json"),
        "{\"metadata\":{},\"weight_map\":{\"a.weight\":\"model-00001-of-00001.safetensors\"}}");
    saveAlone(
        options(SaveMode.PARALLEL).build(),
        model(Layout.zero3()).on(0, 1),
        ModelFiles.fromFolder(base));
    assertEquals(4, names(temporary.resolve("saved")).size());
  }

  @Test
  void plainFloatsAreNotSaidToBeQuantised() throws Exception {
    ModelConfig quantised =
        ModelConfig.of(
            Map.of(
                "hidden_size", 4,
                "quantization_config", Map.of("quant_method", "gptq"),
                "text_config", Map.of("quantization_config", Map.of("bits", 4))));
    ModelFiles files = ModelFiles.of(Optional.of(quantised), List.of());
    saveAlone(options(SaveMode.PARALLEL).build(), model(Layout.zero3()).on(0, 1), files);
    String config = Files.readString(temporary.resolve("saved/config.json"));
    assertEquals(-1, config.indexOf("quant"), config);
  }

  @Test
  void integersForFloatsAreRefused() {
    ParameterSet packed =
        new ReferenceModel(1)
            .add("model.layers.0.q_proj.weight", DType.U8, Layout.zero3(), 40, 1)
            .on(0, 1);
    Exception refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> saveAlone(options(SaveMode.PARALLEL).build(), packed, ModelFiles.none()));
    assertEquals(
        "quantised weights: tensor=model.layers.0.q_proj.weight (and 0 more), dtype=U8, expected"
            + " floats; save the adapter alone (--adapter-config), or dequantise the model first; to"
            + " write them as they are, ask for it unchecked (--unchecked)",
        refused.getMessage());
  }
}
