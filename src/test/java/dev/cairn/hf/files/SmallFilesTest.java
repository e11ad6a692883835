package dev.cairn.hf.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SmallFilesTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spm.model", // DeBERTa's only vocabulary
        "sentencepiece.model",
        "spm_char.model",
        "bpe.codes",
        "emoji.json",
        "entity_vocab.json",
        "normalizer.json",
        "vocab-src.json",
        "vocab-tgt.json",
        "prophetnet.tokenizer",
        "tokenizer.model.v3",
        "vocab.bpe",
        "vocab.spm",
        "dict.txt",
        "ice_text.model", // of code that nobody knows
        "rwkv_vocab_v20230424.txt",
        "phonemizer.json",
        "alphabet.json",
        "modules.json",
        "audio_preprocessor_config.json",
        "image_processor_config.json",
        "LICENSE",
        "NOTICE",
        "USE_POLICY.md",
        "tokenization_own.py",
        "sub/helper.py",
        "sub/inner/__init__.py",
        "custom_generate/generate.py",
        "custom_generate/requirements.txt",
        "additional_chat_templates/tool.jinja",
        "qformer_tokenizer/tokenizer.json",
        "1_Pooling/config.json",
        "language_model/5gram.bin",
        "language_model/unigrams.txt"
      })
  void whatAModelMayReadIsTaken(String path) throws IOException {
    write(path, "{}");
    SmallFiles files = SmallFiles.of(folder);
    assertEquals(List.of(path), files.taken());
    assertEquals(Map.of(), files.left());
  }

  @ParameterizedTest
  @CsvSource({
    "model.safetensors, weights",
    "model.safetensors.index.json, weights",
    "pytorch_model.bin.index.fp16.json, weights",
    "consolidated.00.pth, weights",
    "model-q4.gguf, weights",
    "tf_model.h5, weights",
    "flax_model.msgpack, weights",
    "mm_projector.bin, weights",
    "optimizer.pt, a trainer's state",
    "optimizer.bin, a trainer's state",
    "scheduler.pt, a trainer's state",
    "rng_state_0.pth, a trainer's state",
    "training_args.bin, a trainer's state",
    "trainer_state.json, a trainer's state",
    "all_results.json, a trainer's state",
    "latest, a trainer's state",
    "zero_to_fp32.py, a trainer's state",
    "zero_pp_rank_0_mp_rank_00_model_states.pt, a trainer's state",
    "events.out.tfevents.1.host, a trainer's state",
    "cairn.json, a trainer's state",
    "owner, a trainer's state",
    "adapter_config.json, an adapter's",
    "adapter_model.safetensors, an adapter's",
    "quantize_config.json, about quantised weights",
    "README.md, the base model's own description",
    "train.jsonl, data",
    "logo.png, data",
    "nohup.out, data",
    ".gitattributes, hidden",
    "out/tokenizer.json, not of the model's code or tokenizer",
    "docs/guide.txt, not of the model's code or tokenizer",
    "not-a-package/script.py, not of the model's code or tokenizer"
  })
  void whatIsNotTheModelsIsLeftAndSaid(String path, String reason) throws IOException {
    write(path, "{}");
    SmallFiles files = SmallFiles.of(folder);
    assertEquals(List.of(), files.taken());
    assertEquals(Map.of(path, reason), files.left());
  }

  @ParameterizedTest
  @CsvSource({
    "checkpoint-500/tokenizer.json, checkpoint-500/, a trainer's state",
    "global_step3/code.py, global_step3/, a trainer's state",
    "runs/code.py, runs/, a trainer's state",
    "__pycache__/code.py, __pycache__/, a trainer's state",
    ".git/hooks.py, .git/, hidden"
  })
  void foldersThatAreNotTheModelsAreLeftWhole(String path, String left, String reason)
      throws IOException {
    write(path, "{}");
    assertEquals(Map.of(left, reason), SmallFiles.of(folder).left());
    assertEquals(List.of(), SmallFiles.of(folder).taken());
  }

  @Test
  void aFolderWithWeightsIsAnotherModel() throws IOException {
    write("original/tokenizer.model", "x");
    write("original/consolidated.00.pth", "x");
    assertEquals(Map.of("original/", "has weights of its own"), SmallFiles.of(folder).left());
    assertEquals(List.of(), SmallFiles.of(folder).taken());
  }

  @Test
  void weightsAreFoundUnderAnyName() throws IOException {
    byte[] header = "{\"a\":1}         ".getBytes(java.nio.charset.StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
    Files.write(folder.resolve("value_head"), bytes.putLong(header.length).put(header).array());
    assertEquals(Map.of("value_head", "weights"), SmallFiles.of(folder).left());
  }

  @Test
  void configsHaveReadersOfTheirOwn() throws IOException {
    write("config.json", "{}");
    write("generation_config.json", "{}");
    assertEquals(List.of(), SmallFiles.of(folder).taken());
    assertEquals(Map.of(), SmallFiles.of(folder).left());
  }

  @Test
  void linksThatLeadOutAreLeftOrRefusedWhereTheModelNeedsThem() throws IOException {
    Path base = Files.createDirectory(folder.resolve("base"));
    Path secret = Files.writeString(folder.resolve("secret"), "secret");
    Files.createSymbolicLink(base.resolve("notes.txt"), secret);
    Files.createSymbolicLink(base.resolve("sub"), folder);
    Files.createSymbolicLink(base.resolve("lost.txt"), folder.resolve("nothing"));
    SmallFiles files = SmallFiles.of(base);
    assertEquals(List.of(), files.taken());
    assertEquals(
        Map.of(
            "notes.txt", "a link that leads out of the folder",
            "lost.txt", "no file",
            "sub/", "a link to a folder"),
        files.left());
    Files.createSymbolicLink(base.resolve("tokenizer.json"), secret);
    Exception e = assertThrows(CorruptFileException.class, () -> SmallFiles.of(base));
    assertTrue(e.getMessage().contains("a link out of its folder"), e.getMessage());
  }

  private void write(String path, String text) throws IOException {
    Path file = folder.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
