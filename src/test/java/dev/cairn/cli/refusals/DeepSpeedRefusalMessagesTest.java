package dev.cairn.cli.refusals;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.deepspeed.MadeUpCheckpoint;
import dev.cairn.input.Refusal;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.TorchSave;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Every refusal of a DeepSpeed save that is damaged or not whole. */
class DeepSpeedRefusalMessagesTest extends RefusalMessages {
  @AfterAll
  static void everyOneOfThemWasSeen() {
    Set<Refusal> expected = EnumSet.copyOf(DEEPSPEEDS);
    expected.removeAll(SEEN);
    assertEquals(Set.of(), expected);
  }

  @Test
  void damagedDeepSpeedSaves() throws IOException {
    Path checkpoint = fixture("a_z3_w2_llama");
    Path file = save(checkpoint).resolve("zero_pp_rank_1_mp_rank_00_model_states.pt");
    consolidateRefused(Refusal.ONE_RANK, file, "folder", file.getParent().toString());
    Path optimizer = save(checkpoint).resolve("bf16_zero_pp_rank_1_mp_rank_00_optim_states.pt");
    Path away = temp.resolve("away.pt");
    Files.move(optimizer, away);
    refused(
        Refusal.MISSING_RANK,
        save(checkpoint),
        List.of(
            "rank",
            "1",
            "what",
            "optimizer states",
            "name",
            "*zero_pp_rank_1_mp_rank_00_optim_states.pt",
            "ranks",
            "2"),
        "consolidate",
        checkpoint.toString(),
        out());
    Files.move(away, optimizer);
    Files.copy(file, save(checkpoint).resolve("mp_rank_00_model_states.pt"));
    refused(
        Refusal.MIXED,
        save(checkpoint),
        List.of(
            "difference",
            "zero_pp_rank_0_mp_rank_00_model_states.pt and mp_rank_00_model_states.pt, expected"
                + " one of them"),
        "consolidate",
        checkpoint.toString(),
        out());
  }

  @Test
  void deepSpeedSavesWithoutSomeOfTheirFiles() throws IOException {
    Path checkpoint = fixture("a_z3_w2_llama");
    for (int rank = 0; rank < 2; rank++) {
      String name = "bf16_zero_pp_rank_" + rank + "_mp_rank_00_optim_states.pt";
      Files.move(save(checkpoint).resolve(name), temp.resolve(name));
    }
    String in = checkpoint.toString();
    refused(Refusal.NO_MASTERS, save(checkpoint), List.of(), "consolidate", in, out());
    for (int rank = 0; rank < 2; rank++) {
      String name = "bf16_zero_pp_rank_" + rank + "_mp_rank_00_optim_states.pt";
      Files.move(temp.resolve(name), save(checkpoint).resolve(name));
      Files.delete(
          save(checkpoint).resolve("zero_pp_rank_" + rank + "_mp_rank_00_model_states.pt"));
    }
    refused(Refusal.NO_STATES, save(checkpoint), List.of(), "consolidate", in, out());
  }

  @Test
  void mastersOfAnotherRun() throws IOException {
    Path checkpoint =
        new MadeUpCheckpoint(3, 2).group(Map.of("w", Shape.of(6))).write(temp.resolve("in"));
    Path other =
        new MadeUpCheckpoint(3, 2).group(Map.of("w", Shape.of(10))).write(temp.resolve("other"));
    for (int rank = 0; rank < 2; rank++) {
      String name = "bf16_zero_pp_rank_" + rank + "_mp_rank_00_optim_states.pt";
      Files.copy(
          other.resolve("global_step7").resolve(name),
          checkpoint.resolve("global_step7").resolve(name),
          StandardCopyOption.REPLACE_EXISTING);
    }
    refused(
        Refusal.OTHER_MASTERS,
        checkpoint.resolve("global_step7/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt"),
        List.of("has", "5", "expected", "3"),
        "consolidate",
        checkpoint.toString(),
        out());
  }

  @Test
  void modelStatesOfNothing() throws IOException {
    Path file =
        TorchSave.save(
            temp.resolve("in/global_step3/mp_rank_00_model_states.pt"), Map.of("module", Map.of()));
    refused(
        Refusal.NO_MODULE,
        file,
        List.of(),
        "consolidate",
        temp.resolve("in/global_step3").toString(),
        out());
  }

  @Test
  void optimizerOnNvme() throws IOException {
    Path checkpoint =
        new MadeUpCheckpoint(3, 2).group(Map.of("w", Shape.of(0))).write(temp.resolve("in"));
    Path save = checkpoint.resolve("global_step7");
    write("in/global_step7/offloaded_tensors/rank00/1.tensor.swp", "x");
    refused(Refusal.OFFLOADED, save, List.of(), "consolidate", checkpoint.toString(), out());
  }
}
