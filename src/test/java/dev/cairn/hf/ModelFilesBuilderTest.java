package dev.cairn.hf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.hf.generation.GenerationConfig;
import dev.cairn.hf.generation.GenerationConfigCopy;
import dev.cairn.json.Golden;
import dev.cairn.json.Json;
import dev.cairn.support.LogLines;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFilesBuilderTest {
  @TempDir Path folder;

  @Test
  void templateOfTheCallerIsTheOnlyOne() throws IOException {
    Path tokenizer = Golden.path("tokenizers/template_files");
    Map<String, String> files =
        written(ModelFiles.builder().tokenizerFrom(tokenizer).chatTemplate("é {{ x }}\n"));
    assertEquals(
        Set.of("chat_template.jinja", "tokenizer.json", "tokenizer_config.json"), files.keySet());
    assertEquals("é {{ x }}\n", files.get("chat_template.jinja"));
    assertEquals(
        Files.readString(tokenizer.resolve("tokenizer_config.json")),
        files.get("tokenizer_config.json"));
  }

  @Test
  void templateInsideTheConfigGivesWayAndNothingElseChanges() throws IOException {
    Path tokenizer = Golden.path("tokenizers/config_template");
    Map<String, String> files =
        written(ModelFiles.builder().chatTemplate("new").tokenizerFrom(tokenizer));
    assertEquals("new", files.get("chat_template.jinja"));
    Path config = tokenizer.resolve("tokenizer_config.json");
    Map<String, Object> expected = Json.parseObject(Files.readAllBytes(config));
    expected.remove("chat_template");
    Map<String, Object> actual =
        Json.parseObject(Files.readAllBytes(folder.resolve("out/tokenizer_config.json")));
    assertEquals(expected, actual);
    assertTrue(files.get("tokenizer_config.json").contains(": 1000000000000000019884624838656"));
  }

  @Test
  void templateOfProcessorsGoesToo() throws IOException {
    Files.writeString(folder.resolve("chat_template.json"), "{\"chat_template\": \"old\"}");
    assertEquals(
        Map.of("chat_template.jinja", "new"),
        written(ModelFiles.builder().tokenizerFrom(folder).chatTemplate("new")));
  }

  @Test
  void templateNeedsNoTokenizer() throws IOException {
    assertEquals(Map.of("chat_template.jinja", ""), written(ModelFiles.builder().chatTemplate("")));
  }

  @Test
  void brokenTokenizerConfigIsNamed() throws IOException {
    Files.writeString(folder.resolve("tokenizer_config.json"), "{");
    ModelFiles.Builder builder = ModelFiles.builder().tokenizerFrom(folder).chatTemplate("new");
    Exception e = assertThrows(CorruptFileException.class, builder::build);
    assertTrue(e.getMessage().endsWith(folder.resolve("tokenizer_config.json").toString()));
  }

  @Test
  void cardIsTheReadme() throws IOException {
    assertEquals(
        Map.of("README.md", "# Model\n"), written(ModelFiles.builder().modelCard("# Model\n")));
  }

  @Test
  void configMayBeATree() throws IOException {
    ModelConfig config =
        ModelConfig.of(Map.of("hidden_size", 8, "architectures", List.of("FSDPX")));
    assertEquals(
        Map.of(
            "config.json", "{\n  \"architectures\": [\n    \"X\"\n  ],\n  \"hidden_size\": 8\n}\n"),
        written(ModelFiles.builder().config(config)));
  }

  @Test
  void eachPartMayComeFromElsewhere() throws IOException {
    Path config = Files.createDirectory(folder.resolve("config"));
    Files.writeString(config.resolve("config.json"), "{}");
    Files.writeString(config.resolve("modeling_x.py"), "code");
    Files.writeString(config.resolve("tokenizer.json"), "not taken");
    Path tokenizer = Files.createDirectory(folder.resolve("tokenizer"));
    Files.writeString(tokenizer.resolve("tokenizer.json"), "taken");
    Files.writeString(tokenizer.resolve("config.json"), "not taken");
    Path generation = Files.createDirectory(folder.resolve("generation"));
    Files.writeString(generation.resolve("generation_config.json"), "{\"max_length\" : 9}");
    assertEquals(
        Map.of(
            "config.json", "{}\n",
            "modeling_x.py", "code",
            "tokenizer.json", "taken",
            "generation_config.json", "{\"max_length\" : 9}"),
        written(
            ModelFiles.builder()
                .configFrom(config)
                .tokenizerFrom(tokenizer)
                .generationConfigFrom(generation)));
  }

  @Test
  void whatIsGivenWinsOverTheFolder() throws IOException {
    Files.writeString(folder.resolve("generation_config.json"), "{\"temperature\": 0.6}");
    Files.writeString(folder.resolve("config.json"), "not JSON");
    Map<String, String> files =
        written(
            ModelFiles.builder()
                .config(ModelConfig.of(Map.of()))
                .generationConfig(GenerationConfig.of(Map.of("eos_token_id", 2)))
                .from(folder));
    assertEquals(
        "{\n  \"eos_token_id\": 2,\n  \"transformers_version\": \"5.18.0\"\n}\n",
        files.get("generation_config.json"));
    assertEquals("{}\n", files.get("config.json"));
  }

  @Test
  void badGenerationConfigOfAFolderIsCopiedRefusedOrSkipped() throws IOException {
    Path file = folder.resolve("generation_config.json");
    String bad = "{\"temperature\": 0.6}";
    Files.writeString(file, bad);
    String problem =
        "transformers would refuse to save this generation config: temperature=0.6, expected 1.0"
            + " or unset while do_sample is not true, file="
            + file;
    try (LogLines logged = LogLines.of(GenerationConfigCopy.class.getName())) {
      FolderFile copied = ModelFiles.fromFolder(folder).files(Optional.empty()).get(0);
      assertEquals(bad, new String(copied.open().readAllBytes(), StandardCharsets.UTF_8));
      assertEquals(List.of("copied as it is: " + problem), logged.all());
    }
    ModelFiles.Builder refusing =
        ModelFiles.builder().generationConfigFrom(folder, GenerationConfigCopy.REFUSE);
    Exception e = assertThrows(IllegalArgumentException.class, refusing::build);
    assertEquals(problem, e.getMessage());
    ModelFiles skipped =
        ModelFiles.builder().generationConfigFrom(folder, GenerationConfigCopy.SKIP).build();
    assertEquals(List.of(), skipped.files(Optional.empty()));
  }

  @Test
  void folderThatIsNotThereIsAnError() {
    Path missing = folder.resolve("missing");
    assertThrows(NotDirectoryException.class, () -> ModelFiles.builder().from(missing).build());
  }

  private Map<String, String> written(ModelFiles.Builder builder) throws IOException {
    Path out = Files.createDirectory(folder.resolve("out"));
    Folders.write(builder.build().files(Optional.empty()), out);
    Map<String, String> texts = new TreeMap<>();
    for (FolderFile file : builder.build().files(Optional.empty())) {
      texts.put(file.relativePath(), Files.readString(out.resolve(file.relativePath())));
      assertArrayEquals(
          Files.readAllBytes(out.resolve(file.relativePath())), file.open().readAllBytes());
    }
    return texts;
  }
}
