package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.deepspeed.MadeUpCheckpoint;
import dev.cairn.hf.FolderDiff;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.TorchSave;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code cairn consolidate} finds in what it is given, and which weights it reads. */
class ConsolidateInputsTest {
  private static final String ZERO2 = "d2_z2_w3_qwen2_tied_rr";
  private static final String HELD =
      "reading the 16-bit weights of the model states: they equal the F32 masters in the ";

  @TempDir private Path temp;
  private int runs;

  private CommandRun run(Path input, String... options) throws IOException {
    List<String> command = new ArrayList<>(List.of("consolidate", input.toString()));
    command.add(temp.resolve("out" + ++runs).toString());
    command.addAll(List.of(options));
    return CommandRun.of(command.toArray(String[]::new));
  }

  /** Consolidates and returns the folder. */
  private Path fine(Path input, String... options) throws IOException {
    CommandRun run = run(input, options);
    assertEquals(0, run.exitCode(), run.err());
    return temp.resolve("out" + runs);
  }

  private static byte[] weights(Path folder) throws IOException {
    return Files.readAllBytes(folder.resolve("model.safetensors"));
  }

  /** Makes a Trainer's folder whose checkpoints differ. */
  private Path trainer(int... steps) throws IOException {
    Path run = temp.resolve("run");
    for (int step : steps) {
      new MadeUpCheckpoint(3, 2)
          .group(Map.of("step" + step + ".weight", Shape.of(30, 7)))
          .write(run.resolve("checkpoint-" + step));
    }
    return run;
  }

  private static boolean holds(Path folder, int step) throws IOException {
    return new String(weights(folder), StandardCharsets.ISO_8859_1)
        .contains("step" + step + ".weight");
  }

  @Test
  void whatAnIndexNamesAndNoShardHasIsSaid() throws IOException {
    Path in = temp.resolve("in");
    TorchSave.save(
        in.resolve("pytorch_model-00001-of-00001.bin"),
        Map.of("w", TorchSave.tensor("0", DType.F32, 4)));
    Files.writeString(
        in.resolve("pytorch_model.bin.index.json"),
        "{\"weight_map\": {\"w\": \"pytorch_model-00001-of-00001.bin\","
            + " \"gone\": \"pytorch_model-00001-of-00001.bin\"}}");
    CommandRun run = run(in);
    assertTrue(
        run.err()
            .contains(
                "pytorch_model.bin.index.json names what is in no file: 1 tensors, first gone"),
        run.err());
  }

  @Test
  void namesThatAreNoTextAreSaid() throws IOException {
    Map<Object, Object> root = new LinkedHashMap<>();
    root.put("w", TorchSave.tensor("0", DType.F32, 4));
    root.put(17, TorchSave.tensor("1", DType.F32, 4));
    CommandRun run = run(TorchSave.save(temp.resolve("in/a.pt"), root));
    assertTrue(run.err().contains("a.pt has besides what is no named tensor: [17]"), run.err());
  }

  @Test
  void newestOfATrainersCheckpointsIsTakenByNumber() throws IOException {
    Path run = trainer(500, 1000);
    CommandRun said = run(run);
    assertEquals(
        "taking checkpoint-1000, the newest of 2 checkpoints in "
            + run
            + "; --step takes another\n",
        said.err());
    assertTrue(holds(temp.resolve("out1"), 1000));
  }

  @Test
  void stepAndTagChooseATrainersCheckpoint() throws IOException {
    Path run = trainer(500, 1000);
    assertTrue(holds(fine(run, "--step", "500"), 500));
    assertTrue(holds(fine(run, "--tag", "checkpoint-500"), 500));
    assertTrue(holds(fine(run.resolve("checkpoint-500")), 500));
    assertTrue(holds(fine(run.resolve("checkpoint-500"), "--tag", "global_step7"), 500));
    assertTrue(holds(fine(run.resolve("checkpoint-500"), "--step", "7"), 500));
    assertEquals(2, run(run, "--step", "500", "--tag", "checkpoint-500").exitCode());
  }

  @Test
  void onlySaveIsTakenWithoutANote() throws IOException {
    CommandRun said = run(trainer(500));
    assertEquals("", said.err());
  }

  @Test
  void lightningsFolderAndTheOneAroundItAreTaken() throws IOException {
    Path outer = temp.resolve("checkpoints");
    Path save = outer.resolve("epoch=1-step=30.ckpt");
    new MadeUpCheckpoint(3, 2).group(Map.of("step30.weight", Shape.of(30, 7))).write(save);
    Files.move(save.resolve("global_step7"), save.resolve("checkpoint"));
    Files.writeString(save.resolve("latest"), "checkpoint");
    byte[] expected = weights(fine(save));
    assertArrayEquals(expected, weights(fine(save.resolve("checkpoint"))));
    assertArrayEquals(expected, weights(fine(outer)));
    assertArrayEquals(expected, weights(fine(outer, "--step", "30")));
  }

  @Test
  void oneOfAcceleratesModelsIsTakenByItsTag() throws IOException {
    Path state = temp.resolve("state");
    for (String name : List.of("pytorch_model", "pytorch_model_1")) {
      new MadeUpCheckpoint(3, 2).group(Map.of(name + ".weight", Shape.of(30, 7))).write(state);
      Files.move(state.resolve("global_step7"), state.resolve(name));
      Files.writeString(state.resolve("latest"), name);
    }
    assertEquals(1, run(state).exitCode());
    assertFalse(
        Arrays.equals(
            weights(fine(state, "--tag", "pytorch_model")),
            weights(fine(state, "--tag", "pytorch_model_1"))));
  }

  @Test
  void linkedSaveIsTheSameAsTheSave() throws IOException {
    Path checkpoint = Fixture.of(ZERO2).copyTo(temp.resolve("in"));
    byte[] expected = weights(fine(checkpoint));
    Path moved = Files.move(checkpoint.resolve("global_step3"), temp.resolve("moved"));
    Files.createSymbolicLink(checkpoint.resolve("global_step3"), moved);
    assertArrayEquals(expected, weights(fine(checkpoint)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bf16", "keep"})
  void sixteenBitWeightsOfTheModelStatesAreReadWhereTheyAreAskedFor(String dtype)
      throws IOException {
    Path checkpoint = Fixture.of(ZERO2).copyTo(temp.resolve("in"));
    CommandRun said = run(checkpoint, "--dtype", dtype);
    assertTrue(said.err().startsWith(HELD), said.err());
    byte[] expected = weights(temp.resolve("out1"));
    for (int rank = 0; rank < 3; rank++) {
      Files.delete(
          checkpoint.resolve(
              "global_step3/bf16_zero_pp_rank_" + rank + "_mp_rank_00_optim_states.pt"));
    }
    CommandRun without = run(checkpoint, "--dtype", dtype);
    assertEquals("", without.err());
    assertArrayEquals(expected, weights(temp.resolve("out2")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"f32", "f16"})
  void mastersAreReadForEveryOtherDtype(String dtype) throws IOException {
    CommandRun said = run(Fixture.of(ZERO2).folder(), "--dtype", dtype);
    assertEquals(0, said.exitCode(), said.err());
    assertEquals("", said.err());
  }

  @Test
  void sixteenBitWeightsAreThoseThatTheMastersRoundTo() throws IOException {
    Path held = fine(Fixture.of(ZERO2).folder());
    assertEquals(List.of(), FolderDiff.of(held, Fixture.of(ZERO2).expected16Bit()));
  }

  @Test
  void mastersAreReadWhereTheSampleDiffers() throws IOException {
    Path checkpoint =
        new MadeUpCheckpoint(2, 2).group(Map.of("w", Shape.of(300, 7))).write(temp.resolve("in"));
    CommandRun said = run(checkpoint);
    assertEquals(
        "reading the F32 masters: the 16-bit weights of the model states differ from them, first in"
            + " w\n",
        said.err());
    for (String option : List.of("keep", "bf16")) {
      assertArrayEquals(
          weights(temp.resolve("out1")), weights(fine(checkpoint, "--dtype", option)), option);
    }
  }

  @ParameterizedTest
  @CsvSource({"model.pt, ''", "model.ckpt, state_dict", "model.bin, model", "model.pth, module"})
  void oneTorchFileIsTakenAloneAndInAFolder(String name, String key) throws IOException {
    Map<String, Object> state = Map.of("a.weight", TorchSave.tensor("0", DType.BF16, 5, 6));
    Object root = key.isEmpty() ? state : Map.of("epoch", 3, key, state);
    Path file = TorchSave.save(temp.resolve("in").resolve(name), root);
    byte[] alone = weights(fine(file));
    assertArrayEquals(alone, weights(fine(file.getParent())));
    assertTrue(new String(alone, StandardCharsets.ISO_8859_1).contains("a.weight"));
  }

  @Test
  void torchModelKeepsItsConfigAndTokenizer() throws IOException {
    Path file =
        TorchSave.save(
            temp.resolve("in/pytorch_model.bin"),
            Map.of("a.weight", TorchSave.tensor("0", DType.BF16, 5, 6)));
    Files.writeString(file.resolveSibling("config.json"), "{\"model_type\": \"unknown-here\"}");
    Files.writeString(file.resolveSibling("tokenizer.json"), "{}");
    CommandRun said = run(file.getParent());
    assertEquals("taking config and tokenizer from " + file.getParent() + "\n", said.err());
    assertTrue(Files.exists(temp.resolve("out1/tokenizer.json")));
    assertTrue(
        Files.readString(temp.resolve("out1/config.json")).contains("\"dtype\": \"bfloat16\""));
    assertFalse(Files.exists(temp.resolve("out1/pytorch_model.bin")));
  }

  @Test
  void pipelineLayersWithTheSameStoragesAreNotOneTensor() throws IOException {
    Path save = temp.resolve("in/global_step3");
    for (int layer = 0; layer < 3; layer++) {
      TorchSave.save(
          save.resolve("layer_0" + layer + "-model_states.pt"),
          Map.of("l" + layer + ".weight", TorchSave.tensor("0", DType.BF16, 5 + layer)));
    }
    CommandRun said = CommandRun.of("inspect", save.toString());
    assertEquals(0, said.exitCode(), said.err());
    assertFalse(said.out().contains("tied to"), said.out());
    fine(save);
  }
}
