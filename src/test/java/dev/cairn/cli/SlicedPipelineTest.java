package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.input.DeepSpeedRefusal;
import dev.cairn.support.ShellRun;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.TorchSave;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Pipelines whose stages are tensor-parallel. DeepSpeed makes those only with Megatron's groups, so
 * that there is no real one here: their files are those of a plain pipeline, which say that there
 * are twice as many ranks.
 */
class SlicedPipelineTest {
  private static final Path FIXTURES = ShellRun.CHECKOUT.resolve("src/test/resources/parallel");

  @TempDir private Path temporary;
  private Path save;

  @BeforeEach
  void makeFolder() throws IOException {
    save = Files.createDirectories(temporary.resolve("in"));
  }

  /** Copies a save; each stage's file is there for both of its ranks. */
  private void copy(Path source) throws IOException {
    try (Stream<Path> entries = Files.walk(source)) {
      for (Path entry : entries.toList()) {
        Path copy = save.resolve(source.relativize(entry).toString());
        if (Files.isRegularFile(entry)) {
          Files.createDirectories(copy.getParent());
          Files.copy(entry, copy);
        }
      }
    }
    for (int rank = 3; rank > 0; rank--) { // its number is the stage times 2 plus its own
      TorchSave.copyAs(modelStates(rank / 2), modelStates(rank));
    }
    for (int rank = 0; rank < 4; rank++) {
      PatchedPickle.of(modelStates(rank)).put("tp_degree", 2).put("mp_world_size", 4).write();
    }
  }

  private Path modelStates(int rank) {
    return save.resolve("mp_rank_0" + rank + "_model_states.pt");
  }

  private CommandRun consolidate(String... more) throws IOException {
    return CommandRun.of(
        Stream.concat(
                Stream.of(
                    "consolidate",
                    save.toString(),
                    temporary.resolve("out").toString(),
                    "--dtype",
                    "f32"),
                Stream.of(more))
            .toArray(String[]::new));
  }

  @Test
  void isRefused() throws IOException {
    copy(FIXTURES.resolve("pp2_z1_w2_llama_tied/global_step3"));
    try (Stream<Path> files = Files.list(save)) {
      for (Path file : files.toList()) {
        if (file.toString().endsWith("optim_states.pt")) {
          Files.delete(file);
        }
      }
    }
    CommandRun run = consolidate();
    assertEquals(1, run.exitCode(), run.err());
    String message =
        DeepSpeedRefusal.TENSOR_PIPELINE.message(save, "file", "mp_rank_00_model_states.pt");
    assertEquals("cairn consolidate: " + message + "\n", run.err());
    assertTrue(Files.notExists(temporary.resolve("out")));
  }

  /** Its weights are whole. */
  @Test
  void universalCheckpointOfOneIsRead() throws IOException {
    Path fixture = FIXTURES.resolve("uc_from_pp2_z1_w4_llama_tied");
    copy(fixture.resolve("global_step3_universal"));
    CommandRun inspect = CommandRun.of("inspect", save.toString());
    assertTrue(
        inspect.out().contains("each of 2 tensor-parallel, each of 2 stages"), inspect.out());
    Path base = Files.createDirectory(temporary.resolve("base"));
    Path expected = fixture.resolve("expected_fp32.safetensors");
    Files.copy(expected, base.resolve("model.safetensors"));
    Files.copy(fixture.resolve("config.json"), base.resolve("config.json"));
    CommandRun run = consolidate("--hf", base.toString());
    assertEquals(0, run.exitCode(), run.err());
    ExpectedTensors.requireEqual(
        expected, temporary.resolve("out/model.safetensors"), DType.F32, false);
  }
}
