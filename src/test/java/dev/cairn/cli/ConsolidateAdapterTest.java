package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.deepspeed.MadeUpCheckpoint;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code cairn consolidate} with {@code --adapter-config} and {@code --raw-names}. */
class ConsolidateAdapterTest {
  @TempDir private Path folder;

  private CommandRun consolidate(Path checkpoint, String... options) {
    return CommandRun.of(
        Stream.concat(
                Stream.of("consolidate", checkpoint.toString(), out("").toString()),
                Stream.of(options))
            .toArray(String[]::new));
  }

  private Path out(String file) {
    return folder.resolve("out").resolve(file);
  }

  private static Path peft() throws IOException {
    return Fixture.of("f_z3_w2_lora").folder().resolve("peft");
  }

  private static CommandRun assertFine(CommandRun run) {
    assertEquals(0, run.exitCode(), run.err());
    assertEquals("", run.err());
    return run;
  }

  @Test
  void adapterFolderIsTheOneThatPeftWrites() throws IOException {
    String config = peft().resolve("adapter_config.json").toString();
    assertFine(consolidate(Fixture.of("f_z3_w2_lora").folder(), "--adapter-config", config));
    for (String file : List.of("adapter_model.safetensors", "adapter_config.json")) {
      assertArrayEquals(
          Files.readAllBytes(peft().resolve(file)), Files.readAllBytes(out(file)), file);
    }
    assertFalse(Files.exists(out("model.safetensors")));
  }

  @Test
  void adapterIsCastOnRequest() throws IOException {
    String config = peft().toString();
    assertFine(
        consolidate(
            Fixture.of("f_z3_w2_lora").folder(), "--adapter-config", config, "--dtype", "f32"));
    CommandRun inspect = CommandRun.of("inspect", out("adapter_model.safetensors").toString());
    assertTrue(inspect.out().contains("\nF32: 12 tensors, "), inspect.out());
  }

  @Test
  void adapterThatIsNotThereIsBadInputAndNothingIsLeft() throws IOException {
    Path lora = Fixture.of("f_z3_w2_lora").folder();
    CommandRun run = consolidate(lora, "--adapter-config", peft().toString(), "--adapter", "other");
    assertEquals(1, run.exitCode(), run.err());
    assertTrue(run.err().contains("other"), run.err());
    Path plain = Fixture.of("a_z3_w2_llama").folder();
    assertEquals(1, consolidate(plain, "--adapter-config", peft().toString()).exitCode());
    assertEquals(2, consolidate(lora, "--adapter-config", out("gone").toString()).exitCode());
    CommandRun unnamed = consolidate(lora, "--adapter", "other");
    assertEquals(2, unnamed.exitCode(), unnamed.err());
    assertEquals("cairn consolidate: --adapter=other needs --adapter-config\n", unnamed.err());
    assertFalse(Files.exists(out("")));
  }

  @Test
  void fusedWeightsAreRefusedUnlessTheirNamesAreTakenRaw() throws IOException {
    Path base = Files.createDirectory(folder.resolve("base"));
    Files.writeString(base.resolve("config.json"), "{\"model_type\": \"mixtral\"}");
    Path checkpoint =
        new MadeUpCheckpoint(3, 2)
            .group(Map.of("model.layers.0.mlp.experts.gate_up_proj", Shape.of(2, 4, 3)))
            .write(Files.createDirectory(folder.resolve("in")));
    CommandRun refused = consolidate(checkpoint, "--hf", base.toString());
    assertEquals(2, refused.exitCode(), refused.err());
    assertTrue(refused.err().contains("gate_up_proj"), refused.err());
    assertFalse(Files.exists(out("")));
    assertFine(consolidate(checkpoint, "--hf", base.toString(), "--raw-names"));
    assertTrue(CommandRun.of("inspect", out("").toString()).out().contains("experts.gate_up_proj"));
  }
}
