package dev.cairn.deepspeed;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;

/** What tests of folders that must be refused have in common: each with one line that says why. */
abstract class Refusals {
  static final String OPTIMIZER_1 = "bf16_zero_pp_rank_1_mp_rank_00_optim_states.pt";
  static final String MODEL_1 = "zero_pp_rank_1_mp_rank_00_model_states.pt";

  @TempDir Path temporary;

  /** Returns a copy of a checkpoint that is as it should be. */
  final Path checkpoint() throws IOException {
    return Fixtures.copy("a_z3_w2_llama", temporary.resolve("checkpoint"));
  }

  static Path save(Path checkpoint) {
    return checkpoint.resolve("global_step3");
  }

  static MadeUpCheckpoint madeUp(int stage, int worldSize) {
    return new MadeUpCheckpoint(stage, worldSize)
        .group(Map.of("w", Shape.of(30, 7)))
        .group(Map.of("b", Shape.of(11)));
  }

  static void assertRefused(Path checkpoint, String... expected) {
    CorruptFileException error =
        assertThrows(CorruptFileException.class, () -> DeepSpeedCheckpoint.open(checkpoint));
    for (String part : expected) {
      assertTrue(error.getMessage().contains(part), error.getMessage());
    }
    assertFalse(error.getMessage().contains("\n"), error.getMessage());
  }
}
