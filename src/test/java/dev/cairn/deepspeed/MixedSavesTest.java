package dev.cairn.deepspeed;

import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders in which files of two different saves lie. */
class MixedSavesTest extends Refusals {
  @Test
  void rankTooMany() throws IOException {
    Path checkpoint = checkpoint();
    Path extra = save(checkpoint).resolve(OPTIMIZER_1.replace("rank_1", "rank_2"));
    Files.copy(save(checkpoint).resolve(OPTIMIZER_1), extra);
    assertRefused(checkpoint, "files of two different saves are mixed: rank=2");
  }

  /** Nothing else in them says whose part they are: every weight would be wrong. */
  @Test
  void fileUnderTheNameOfAnotherRank() throws IOException {
    Path save = save(checkpoint());
    Files.copy(
        save.resolve(OPTIMIZER_1.replace("rank_1", "rank_0")),
        save.resolve(OPTIMIZER_1),
        StandardCopyOption.REPLACE_EXISTING);
    assertRefused(
        save.getParent(),
        "file was saved under another name: name=bf16_zero_pp_rank_0_mp_rank_00_optim_states",
        OPTIMIZER_1);
  }

  @Test
  void filesOfTwoRanksSwapped() throws IOException {
    Path save = save(checkpoint());
    Path first = save.resolve(OPTIMIZER_1.replace("rank_1", "rank_0"));
    Path aside = save.resolve("aside");
    Files.move(first, aside);
    Files.move(save.resolve(OPTIMIZER_1), first);
    Files.move(aside, save.resolve(OPTIMIZER_1));
    assertRefused(save.getParent(), "file was saved under another name: name=bf16_zero_pp_rank_");
  }

  @Test
  void layersOfAPipelineSwapped() throws IOException {
    Path save =
        Fixtures.copy("../parallel/pp2_z0_w2_llama_bf16", temporary.resolve("pp"))
            .resolve("global_step3");
    Path second = save.resolve("layer_02-model_states.pt");
    Path aside = save.resolve("aside");
    Files.move(second, aside);
    Files.move(save.resolve("layer_03-model_states.pt"), second);
    Files.move(aside, save.resolve("layer_03-model_states.pt"));
    assertRefused(save.getParent(), "file was saved under another name: name=layer_0");
  }

  @Test
  void modelFilesOfTwoStages() throws IOException {
    Path checkpoint = checkpoint();
    Files.copy(
        save(checkpoint).resolve(MODEL_1), save(checkpoint).resolve("mp_rank_00_model_states.pt"));
    assertRefused(checkpoint, "files of two different saves are mixed");
  }

  @Test
  void optimizerFilesOfTwoPrecisions() throws IOException {
    Path checkpoint = checkpoint();
    Files.copy(
        save(checkpoint).resolve(OPTIMIZER_1),
        save(checkpoint).resolve(OPTIMIZER_1.replace("bf16_", "")));
    assertRefused(checkpoint, "files of two different saves are mixed");
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void optimizerFilesOfTwoSteps(int stage) throws IOException {
    assertRefused(
        withFileOfALaterStep(stage, OPTIMIZER_1),
        "files of two different saves are mixed: step=8.0, expected 7.0");
  }

  @Test
  void modelFilesOfTwoSteps() throws IOException {
    assertRefused(
        withFileOfALaterStep(3, MODEL_1),
        "files of two different saves are mixed: global_steps=8, expected 7");
  }

  @Test
  void modelFilesOfTwoModels() throws IOException {
    Path folder = madeUp(3, 2).write(temporary.resolve("made"));
    MadeUpCheckpoint other =
        new MadeUpCheckpoint(3, 2).group(Map.of("w", Shape.of(7, 30), "b", Shape.of(11)));
    mix(other.write(temporary.resolve("other")), folder, MODEL_1);
    assertRefused(folder, "files of two different saves are mixed: its param_shapes differ");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void mastersThatDoNotMatchTheParameters(int stage) throws IOException {
    Path folder = madeUp(stage, 2).write(temporary.resolve("made"));
    MadeUpCheckpoint other =
        new MadeUpCheckpoint(stage, 2)
            .group(Map.of("w", Shape.of(30, 9)))
            .group(Map.of("b", Shape.of(11)));
    Path from = other.write(temporary.resolve("other"));
    mix(from, folder, OPTIMIZER_1);
    mix(from, folder, OPTIMIZER_1.replace("rank_1", "rank_0"));
    assertRefused(folder, "masters of another number of elements than the parameters");
  }

  private Path withFileOfALaterStep(int stage, String file) throws IOException {
    Path folder = madeUp(stage, 2).write(temporary.resolve("made"));
    MadeUpCheckpoint later = madeUp(stage, 2);
    later.step = 8;
    mix(later.write(temporary.resolve("later")), folder, file);
    return folder;
  }

  private static void mix(Path from, Path to, String file) throws IOException {
    Files.copy(
        from.resolve(MadeUpCheckpoint.TAG).resolve(file),
        to.resolve(MadeUpCheckpoint.TAG).resolve(file),
        StandardCopyOption.REPLACE_EXISTING);
  }
}
