package dev.cairn.cli.refusals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.cli.CommandRun;
import dev.cairn.deepspeed.MadeUpCheckpoint;
import dev.cairn.input.DeepSpeedRefusal;
import dev.cairn.support.LogLines;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.TorchSave;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Every refusal of a DeepSpeed save that is damaged or not whole. */
class DeepSpeedRefusalMessagesTest extends RefusalMessages {
  @AfterAll
  static void everyOneOfThemWasSeen() {
    Set<DeepSpeedRefusal> expected =
        EnumSet.complementOf(
            EnumSet.of(DeepSpeedRefusal.NOT_DEEPSPEED)); // a program alone gets that one
    expected.removeAll(SEEN);
    assertEquals(Set.of(), expected);
  }

  @Test
  void damagedDeepSpeedSaves() throws IOException {
    Path checkpoint = fixture("a_z3_w2_llama");
    Path file = save(checkpoint).resolve("zero_pp_rank_1_mp_rank_00_model_states.pt");
    consolidateRefused(DeepSpeedRefusal.ONE_RANK, file, "folder", file.getParent().toString());
    Path optimizer = save(checkpoint).resolve("bf16_zero_pp_rank_1_mp_rank_00_optim_states.pt");
    Path away = temp.resolve("away.pt");
    Files.move(optimizer, away);
    refused(
        DeepSpeedRefusal.MISSING_RANK,
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
        DeepSpeedRefusal.MIXED,
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
    refused(DeepSpeedRefusal.NO_MASTERS, save(checkpoint), List.of(), "consolidate", in, out());
    for (int rank = 0; rank < 2; rank++) {
      String name = "bf16_zero_pp_rank_" + rank + "_mp_rank_00_optim_states.pt";
      Files.move(temp.resolve(name), save(checkpoint).resolve(name));
      Files.delete(
          save(checkpoint).resolve("zero_pp_rank_" + rank + "_mp_rank_00_model_states.pt"));
    }
    refused(DeepSpeedRefusal.NO_STATES, save(checkpoint), List.of(), "consolidate", in, out());
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
        DeepSpeedRefusal.OTHER_MASTERS,
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
        DeepSpeedRefusal.NO_MODULE,
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
    refused(
        DeepSpeedRefusal.OFFLOADED, save, List.of(), "consolidate", checkpoint.toString(), out());
  }

  @Test
  void tensorParallelSaves() throws IOException {
    Path checkpoint = parallel("tp2_z1_w2_llama");
    Files.delete(save(checkpoint).resolve("bf16_zero_pp_rank_0_mp_rank_01_optim_states.pt"));
    String in = checkpoint.toString();
    refused(
        DeepSpeedRefusal.NO_MASTERS_OF_SOME,
        save(checkpoint),
        List.of("rank", "1"),
        "consolidate",
        in,
        out());
    Path old = Files.createDirectories(temp.resolve("old"));
    for (int rank = 0; rank < 2; rank++) {
      TorchSave.save(
          old.resolve("mp_rank_0" + rank + "_model_states.pt"),
          Map.of("mp_world_size", 2, "module", Map.of("w", TorchSave.tensor("0", DType.F32, 4))));
    }
    consolidateRefused(DeepSpeedRefusal.NO_TENSOR_RULES, old, "ranks", "2");
  }

  @Test
  void savesWithoutTheirFrozenWeights() throws IOException {
    Path checkpoint = parallel("exclfrozen_z2_w2_llama");
    String in = checkpoint.toString();
    refused(
        DeepSpeedRefusal.FROZEN_LEFT_OUT, save(checkpoint), List.of(), "consolidate", in, out());
    CommandRun inspect = CommandRun.of("inspect", in);
    assertTrue(inspect.out().endsWith("frozen parameters were left out of the save\n"));
    String base = write("base/config.json", "{\"model_type\": \"unknown\"}").getParent() + "";
    String[] based = {"consolidate", in, out(), "--hf", base};
    refused(DeepSpeedRefusal.FROZEN_LEFT_OUT, save(checkpoint), List.of(), based);
    for (int rank = 0; rank < 2; rank++) {
      String name = "bf16_zero_pp_rank_" + rank + "_mp_rank_00_optim_states.pt";
      Files.delete(save(checkpoint).resolve(name));
    }
    refused(
        DeepSpeedRefusal.FROZEN_LEFT_OUT, save(checkpoint), List.of(), "consolidate", in, out());
    try (LogLines logged = LogLines.of("dev.cairn.deepspeed.CheckpointParameters")) {
      CommandRun run = CommandRun.of("consolidate", in, out(), "--exclude-frozen");
      assertEquals(0, run.exitCode(), run.err());
      assertEquals(List.of(), logged.all());
      CommandRun raw = CommandRun.of("consolidate", in, out(), "--raw-names", "--overwrite");
      assertEquals(0, raw.exitCode(), raw.err());
      assertEquals(
          List.of("what was frozen in training is not in the checkpoint and will be missing"),
          logged.all());
    }
  }

  /** Below ZeRO-2 only this tells: a name is left that was tied to a frozen one. */
  @Test
  void savesWithoutWhatOthersAreTiedTo() throws IOException {
    Path save = Files.createDirectories(temp.resolve("in"));
    Map<String, Object> root = new HashMap<>();
    root.put(
        "module",
        Map.of(
            "model.norm.weight",
            TorchSave.tensor("0", DType.F32, 4),
            "lm_head.weight",
            TorchSave.tensor("1", DType.F32, 4)));
    root.put("shared_params", Map.of("lm_head.weight", "model.embed_tokens.weight"));
    root.put("frozen_param_shapes", null);
    TorchSave.save(save.resolve("mp_rank_00_model_states.pt"), root);
    consolidateRefused(DeepSpeedRefusal.FROZEN_LEFT_OUT, save);
  }

  @Test
  void pipelines() throws IOException {
    Path checkpoint = parallel("pp2_z1_w2_llama_tied");
    String in = checkpoint.toString();
    Path layer = save(checkpoint).resolve("layer_00-model_01-model_states.pt");
    Files.createFile(layer);
    refused(
        DeepSpeedRefusal.TENSOR_PIPELINE,
        save(checkpoint),
        List.of("file", "layer_00-model_01-model_states.pt"),
        "consolidate",
        in,
        out());
    Files.delete(layer);
    refused(DeepSpeedRefusal.NO_NAMES, save(checkpoint), List.of(), "consolidate", in, out());
    for (int i = 0; i < 5; i++) {
      Files.delete(save(checkpoint).resolve("layer_0" + i + "-model_states.pt"));
    }
    refused(DeepSpeedRefusal.NO_LAYERS, save(checkpoint), List.of(), "consolidate", in, out());
  }

  @Test
  void experts() throws IOException {
    Path checkpoint = parallel("moe4_ep2_z2_w4_residual");
    String in = checkpoint.toString();
    Path expert = save(checkpoint).resolve("layer_0_expert_1_mp_rank_00_model_states.pt");
    Path other = save(checkpoint).resolve("layer_0_expert_1_mp_rank_01_model_states.pt");
    TorchSave.copyAs(expert, other);
    refused(
        DeepSpeedRefusal.SPLIT_EXPERTS,
        other,
        List.of("other", expert.getFileName().toString()),
        "consolidate",
        in,
        out());
    Files.delete(other);
    Files.delete(expert);
    refused(
        DeepSpeedRefusal.MISSING_EXPERT,
        save(checkpoint),
        List.of("name", "layer_0_expert_1_mp_rank_*_model_states.pt", "count", "4"),
        "consolidate",
        in,
        out());
    Path old = Files.createFile(save(checkpoint).resolve("expert_1_mp_rank_00_model_states.pt"));
    refused(DeepSpeedRefusal.OLD_EXPERTS, old, List.of(), "consolidate", in, out());
  }
}
