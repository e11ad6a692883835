package dev.cairn.cli.refusals;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.input.InputRefusal;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.PickleWriter.Call;
import dev.cairn.torchfile.TorchSave;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Every refusal but those of DeepSpeed saves. */
class RefusalMessagesTest extends RefusalMessages {
  @AfterAll
  static void everyOtherRefusalWasSeen() {
    Set<InputRefusal> expected = EnumSet.allOf(InputRefusal.class);
    expected.removeAll(SEEN);
    assertEquals(Set.of(), expected);
  }

  @Test
  void filesThatAreNoWeights() throws IOException {
    String lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4943162336\n";
    consolidateRefused(InputRefusal.LFS_POINTER, write("a.bin", lfs));
    consolidateRefused(InputRefusal.XET_POINTER, write("b.bin", "# xet version 0\nfilesize = 5\n"));
    consolidateRefused(InputRefusal.HTML, write("c.bin", "<!DOCTYPE html><title>Sign in</title>"));
    consolidateRefused(InputRefusal.JSON, write("d.bin", "{\"error\":\"Entry not found\"}"));
    consolidateRefused(InputRefusal.TEXT, write("e.bin", "Entry not found"));
    consolidateRefused(InputRefusal.GGUF, write("f.gguf", "GGUF\3\0\0\0\0"));
    consolidateRefused(InputRefusal.EMPTY, write("g.bin", ""));
    consolidateRefused(InputRefusal.ZEROS, write("h.bin", "\0\0\0\0\0\0\0\0\0\0"));
    consolidateRefused(InputRefusal.COMPRESSED, write("i.bin", "\u001f\u008b\0\0"));
    consolidateRefused(InputRefusal.HDF5, write("j.h5", "\u0089HDF\r\n\u001a\n"));
    consolidateRefused(InputRefusal.PICKLE, write("k.pt", "\u0080\u0002}."));
    consolidateRefused(InputRefusal.UNKNOWN_FILE, write("l.bin", "MZ\0\1"));
    byte[] tar = new byte[512];
    Arrays.fill(tar, (byte) 'a');
    System.arraycopy("ustar".getBytes(StandardCharsets.ISO_8859_1), 0, tar, 257, 5);
    consolidateRefused(InputRefusal.OLD_TORCH, write("m.bin", tar));
  }

  @Test
  void safetensorsThatAreSomethingElseOrCut() throws IOException {
    Path folder = model("model");
    Path file = folder.resolve("model.safetensors");
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 9));
    refused(
        InputRefusal.CUT_SAFETENSORS,
        file,
        List.of("has", "9", "expected", "10"),
        "inspect",
        folder.toString());
    Files.writeString(file, "\2\0\0\0\0\0\0\0{}and more", StandardCharsets.ISO_8859_1);
    refused(
        InputRefusal.LONG_SAFETENSORS,
        file,
        List.of("has", "18", "expected", "10"),
        "inspect",
        folder.toString());
    Files.writeString(file, "PK\3\4 and so on");
    refused(InputRefusal.TORCH_AS_SAFETENSORS, file, List.of(), "inspect", folder.toString());
    Path torch = write("torch/pytorch_model.bin", "\2\0\0\0\0\0\0\0{}");
    refused(
        InputRefusal.SAFETENSORS_AS_TORCH,
        torch,
        List.of(),
        "consolidate",
        torch.getParent().toString(),
        out());
  }

  @Test
  void torchFilesWithoutWeights() throws IOException {
    Path file = temp.resolve("a/b.pt");
    TorchSave.save(file, Map.of("w", TorchSave.tensor("0", DType.F32, 4)));
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 300));
    consolidateRefused(InputRefusal.CUT_TORCH, file);
    TorchSave.save(file, new Call("transformers.models", "Llama", List.of()));
    consolidateRefused(InputRefusal.WHOLE_OBJECT, file, "class", "transformers.models.Llama");
    TorchSave.save(file, Map.of("epoch", 3));
    consolidateRefused(InputRefusal.NO_TENSORS, file, "names", "epoch");
    Map<String, Object> empty = new LinkedHashMap<>();
    empty.put("a", TorchSave.tensor("0", DType.BF16, 0));
    empty.put("b", TorchSave.tensor("1", DType.BF16, 0));
    empty.put("c", TorchSave.tensor("2", DType.BF16, 3));
    TorchSave.save(file, empty);
    consolidateRefused(InputRefusal.PLACEHOLDERS, file, "count", "3", "empty", "2");
  }

  @Test
  void legacyTorchFileThatIsCut() throws IOException {
    byte[] legacy = LegacyBytes.of(8);
    Path file = write("a.bin", Arrays.copyOf(legacy, legacy.length - 5));
    consolidateRefused(
        InputRefusal.CUT_LEGACY_TORCH,
        file,
        "has",
        Integer.toString(legacy.length - 5),
        "expected",
        Integer.toString(legacy.length));
  }

  @Test
  void shardsThatAreNotAll() throws IOException {
    Path index =
        write(
            "in/pytorch_model.bin.index.json",
            "{\"weight_map\": {\"a\": \"pytorch_model-00001-of-00001.bin\"}}");
    refused(
        InputRefusal.MISSING_SHARD,
        index,
        List.of("shard", "pytorch_model-00001-of-00001.bin", "count", "1"),
        "consolidate",
        index.getParent().toString(),
        out());
    Path shard = temp.resolve("in/pytorch_model-00001-of-00002.bin");
    TorchSave.save(shard, Map.of("w", TorchSave.tensor("0", DType.F32, 4)));
    consolidateRefused(InputRefusal.ONE_SHARD, shard, "folder", shard.getParent().toString());
    for (String name : List.of("a.pt", "b.pt")) {
      TorchSave.save(temp.resolve("two/" + name), Map.of("w", TorchSave.tensor("0", DType.F32, 4)));
    }
    consolidateRefused(
        InputRefusal.SEVERAL_FILES,
        temp.resolve("two"),
        "count",
        "2",
        "names",
        "a.pt, b.pt",
        "last",
        "b.pt");
  }

  @Test
  void whatIsNoFileOrNotTheUsers() throws Exception {
    Path pipe = temp.resolve("pipe");
    new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor();
    consolidateRefused(InputRefusal.NOT_A_FILE, pipe);
    Path link = Files.createSymbolicLink(temp.resolve("link.pt"), Path.of("/dev/zero"));
    consolidateRefused(InputRefusal.SYSTEM, link, "target", "/dev/zero");
    Path base = model("base");
    Path key = write("ssh/id_rsa", "secret");
    Path tokenizer = Files.createSymbolicLink(base.resolve("tokenizer.json"), key);
    refused(
        InputRefusal.OUTSIDE,
        tokenizer,
        List.of("target", key.toRealPath().toString()),
        "consolidate",
        fixture("a_z3_w2_llama").toString(),
        out(),
        "--hf",
        base.toString());
  }

  @Test
  void modelsAndAdaptersInEachOthersPlace() throws IOException {
    Path model = model("model");
    consolidateRefused(InputRefusal.MODEL_FOLDER, model);
    Path adapter = write("adapter/adapter_config.json", "{}").getParent();
    write("adapter/adapter_model.safetensors", "\2\0\0\0\0\0\0\0{}");
    consolidateRefused(InputRefusal.ADAPTER, adapter);
    String checkpoint = fixture("a_z3_w2_llama").toString();
    refused(
        InputRefusal.NO_BASE,
        adapter.getParent(),
        List.of("option", "--hf", "config", "config.json"),
        "consolidate",
        checkpoint,
        out(),
        "--hf",
        temp.toString());
    mergeRefused(InputRefusal.ADAPTER_AS_BASE, adapter, adapter, adapter, "option", "--base");
    mergeRefused(InputRefusal.MODEL_AS_ADAPTER, model, model, model);
    mergeRefused(
        InputRefusal.CHECKPOINT_AS_ADAPTER, Path.of(checkpoint), model, Path.of(checkpoint));
    mergeRefused(
        InputRefusal.CHECKPOINT_AS_MODEL, Path.of(checkpoint), Path.of(checkpoint), adapter);
    refused(
        InputRefusal.CHECKPOINT_AS_MODEL,
        Path.of(checkpoint),
        List.of(),
        "diff",
        checkpoint,
        checkpoint);
  }

  @Test
  void runsOfOthersAndOfCairn() throws IOException {
    model("run/checkpoint-5");
    refused(
        InputRefusal.MODEL_INSIDE,
        temp.resolve("run"),
        List.of("model", temp.resolve("run/checkpoint-5").toString()),
        "verify",
        temp.resolve("run").toString());
    refused(
        InputRefusal.FOREIGN_RUN,
        temp.resolve("run"),
        List.of("names", "checkpoint-5", "last", "checkpoint-5"),
        "list",
        temp.resolve("run").toString());
    model("cairn/step_9");
    write("cairn/step_9/COMPLETED", "");
    model("cairn/step_10");
    write("cairn/step_10/COMPLETED", "");
    consolidateRefused(
        InputRefusal.CAIRN_RUN,
        temp.resolve("cairn"),
        "names",
        "step_9, step_10",
        "last",
        "step_10");
  }

  @Test
  void foldersThatHoldNoCheckpoint() throws IOException {
    consolidateRefused(InputRefusal.EMPTY_FOLDER, Files.createDirectory(temp.resolve("empty")));
    Path notes = write("notes/a.txt", "x").getParent();
    consolidateRefused(InputRefusal.UNKNOWN_FOLDER, notes, "names", "a.txt");
    Path pipeline = write("pipeline/model_index.json", "{}").getParent();
    Files.createDirectory(pipeline.resolve("scheduler"));
    write("pipeline/unet/diffusion_pytorch_model.safetensors", "x");
    write("pipeline/vae/diffusion_pytorch_model.safetensors", "x");
    consolidateRefused(InputRefusal.PIPELINE, pipeline, "names", "unet, vae", "last", "vae");
    Path distributed = write("dcp/__0_0.distcp", "x").getParent();
    consolidateRefused(InputRefusal.NO_METADATA, distributed);
    Path torch =
        TorchSave.save(
            temp.resolve("torch/a.pt"), Map.of("w", TorchSave.tensor("0", DType.F32, 4)));
    Files.writeString(torch.resolveSibling("latest"), "a");
    refused(
        InputRefusal.NO_TAG,
        torch.getParent(),
        List.of("tag", "a", "names", "none"),
        "consolidate",
        torch.getParent().toString(),
        out());
  }

  @Test
  void choicesThatOnlyTheUserCanMake() throws IOException {
    Path several = tree("pytorch_model/mp_rank_00_model_states.pt");
    tree("pytorch_model_1/mp_rank_00_model_states.pt", "latest");
    consolidateRefused(
        InputRefusal.SEVERAL,
        several,
        "count",
        "2",
        "names",
        "pytorch_model, pytorch_model_1",
        "last",
        "pytorch_model_1");
    Path run = write("run/checkpoint-5/latest", "x").getParent().getParent();
    refused(
        InputRefusal.NO_STEP,
        run,
        List.of("count", "1", "names", "checkpoint-5", "step", "7"),
        "consolidate",
        run.toString(),
        out(),
        "--step",
        "7");
  }

  @Test
  void distributedCheckpoints() throws IOException {
    Path folder = copy("dcp", temp.resolve("dcps"));
    Path transformed = folder.resolve("transformed");
    refused(
        InputRefusal.TRANSFORMED,
        transformed.resolve(".metadata"),
        List.of("tensor", "model.w"),
        "consolidate",
        transformed.toString(),
        out());
    consolidateRefused(InputRefusal.NO_MODEL, folder.resolve("optimizer"), "count", "1");
    consolidateRefused(InputRefusal.SEVERAL_SECTIONS, folder.resolve("several"), "names", "a, b");
    Files.delete(folder.resolve("tp2_fsdp2/__2_0.distcp"));
    consolidateRefused(
        InputRefusal.MISSING_PIECES, folder.resolve("tp2_fsdp2"), "name", "__2_0.distcp");
  }
}
