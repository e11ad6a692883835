package dev.cairn.hf;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFilesTest {
  private static final List<String> TAKEN =
      List.of(
          "added_tokens.json",
          "additional_chat_templates/tool_use.jinja",
          "chat_template.jinja",
          "chat_template.json",
          "generation_config.json",
          "merges.txt",
          "modeling_custom.py",
          "preprocessor_config.json",
          "processor_config.json",
          "qwen.tiktoken",
          "sentencepiece.bpe.model",
          "source.spm",
          "special_tokens_map.json",
          "spiece.model",
          "target.spm",
          "tekken.json",
          "tokenizer.json",
          "tokenizer.model",
          "tokenizer_config.json",
          "video_preprocessor_config.json",
          "vocab.json",
          "vocab.txt");

  @TempDir Path folder;

  @Test
  void tokenizerAndItsKinAreCopiedAndNothingElse() throws IOException {
    Files.createDirectories(folder.resolve("additional_chat_templates"));
    Files.createDirectories(folder.resolve("directory.py"));
    for (String name : TAKEN) {
      Files.writeString(folder.resolve(name), "\ufefftext of " + name + "\r\n");
    }
    Files.writeString(folder.resolve("generation_config.json"), "{ \"top_k\":50 }\r\n");
    for (String name :
        List.of("model.safetensors", "README.md", "pytorch_model.bin", "cairn.json")) {
      Files.writeString(folder.resolve(name), "not copied");
    }
    List<FolderFile> files = ModelFiles.fromFolder(folder).files(Optional.empty());
    assertEquals(TAKEN, files.stream().map(FolderFile::relativePath).sorted().toList());
    for (FolderFile file : files) {
      byte[] expected = Files.readAllBytes(folder.resolve(file.relativePath()));
      assertArrayEquals(expected, bytes(file));
      assertEquals(expected.length, file.lengthBytes());
    }
  }

  @Test
  void configComesFirstAndIsRewritten() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"architectures\":[\"FSDPLlama\"]}");
    Files.writeString(folder.resolve("tokenizer.json"), "{}");
    List<FolderFile> files = ModelFiles.fromFolder(folder).files(Optional.of(DType.BF16));
    assertEquals(
        List.of("config.json", "tokenizer.json"),
        files.stream().map(FolderFile::relativePath).toList());
    String expected =
        """
        {
          "architectures": [
            "Llama"
          ],
          "dtype": "bfloat16"
        }
        """;
    assertEquals(expected, new String(bytes(files.get(0)), UTF_8));
    assertEquals(expected.length(), files.get(0).lengthBytes());
  }

  @Test
  void noneIsNoFiles() {
    assertEquals(List.of(), ModelFiles.none().files(Optional.of(DType.BF16)));
    assertEquals(Optional.empty(), ModelFiles.none().config());
  }

  @Test
  void brokenConfigIsFoundBeforeAnySave() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{");
    Exception e = assertThrows(CorruptFileException.class, () -> ModelFiles.fromFolder(folder));
    assertTrue(e.getMessage().endsWith("file=" + folder.resolve("config.json")), e.getMessage());
  }

  @Test
  void fileIsNoFolder() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThrows(NotDirectoryException.class, () -> ModelFiles.fromFolder(file));
  }

  @Test
  void madeFileKeepsItsBytes() throws IOException {
    byte[] bytes = {1, 2};
    FolderFile file = FolderFile.of("a", bytes);
    bytes[0] = 9;
    assertArrayEquals(new byte[] {1, 2}, bytes(file));
    assertEquals("a", file.toString());
    assertEquals("b from /x", FolderFile.copyOf("b", Path.of("/x")).toString());
  }

  private static byte[] bytes(FolderFile file) throws IOException {
    try (InputStream stream = file.open()) {
      return stream.readAllBytes();
    }
  }
}
